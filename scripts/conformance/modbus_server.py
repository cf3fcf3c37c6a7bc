"""A plant of Modbus units (pymodbus), each with registers that say which unit and register they are.

Arguments: framing (tcp or rtu), port, number of units. Reports the number of requests on standard output, once a second.
"""
import asyncio
import json
import struct
import sys

from pymodbus import FramerType
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

framing, port, units = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
requests = 0


def registers(unit: int) -> list[int]:
    """20 plain registers, then a float, an int64 and a text."""
    plain = [unit * 100 + at for at in range(20)]
    rest = struct.pack(">fq", 1.5 * unit, -(2**53) - unit) + b"UNIT".ljust(8, b"\0")
    return plain + [int.from_bytes(rest[at : at + 2], "big") for at in range(0, len(rest), 2)] + [0] * 20


def counted(is_sending, pdu):
    global requests
    if not is_sending:
        requests += 1
    return pdu


async def main() -> None:
    devices = {
        unit: ModbusDeviceContext(
            hr=ModbusSequentialDataBlock(1, registers(unit)),
            ir=ModbusSequentialDataBlock(1, registers(unit)),
            co=ModbusSequentialDataBlock(1, [unit % 2 == 1] * 20),
            di=ModbusSequentialDataBlock(1, [True] * 20),
        )
        for unit in range(1, units + 1)
    }
    server = ModbusTcpServer(
        ModbusServerContext(devices=devices, single=False),
        framer=FramerType.RTU if framing == "rtu" else FramerType.SOCKET,
        address=("127.0.0.1", port),
        trace_pdu=counted,
    )
    await server.serve_forever(background=True)
    while True:
        print(json.dumps({"requests": requests}), flush=True)
        await asyncio.sleep(1)


asyncio.run(main())
