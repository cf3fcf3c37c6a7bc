"""An OPC UA server of another family (asyncua) with security on: prints its address, and counts until it is ended."""

import asyncio
import logging
import sys
from datetime import datetime, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.user_managers import UserManager
from cryptography.x509.oid import ExtendedKeyUsageOID

logging.disable(logging.CRITICAL)
URI = "urn:conformance:machine"


class Operators(UserManager):
    def get_user(self, iserver, username=None, password=None, certificate=None, *others, **more):
        return User(role=UserRole.User) if (username, password) == ("operator", "secret") else None


async def main(port: int, folder: Path) -> None:
    server = Server(user_manager=Operators())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    application = "urn:conformance:server"
    await server.set_application_uri(application)
    key, certificate = folder / "key.pem", folder / "certificate.der"
    await setup_self_signed_certificate(
        key, certificate, application, "localhost", [ExtendedKeyUsageOID.SERVER_AUTH], {"commonName": "asyncua"}
    )
    server.set_security_policy(
        [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt, ua.SecurityPolicyType.Basic256Sha256_Sign],
        permission_ruleset=SimpleRoleRuleset(),
    )
    await server.load_certificate(certificate)
    await server.load_private_key(key)
    index = await server.register_namespace(URI)
    machine = await server.nodes.objects.add_object(ua.NodeId("Machine", index), "Machine")
    counter = await machine.add_variable(ua.NodeId("Machine.Counter", index), "Counter", 0, ua.VariantType.UInt32)
    level = await machine.add_variable(ua.NodeId("Machine.Level", index), "Level", 1.5)
    await machine.add_variable(ua.NodeId("Machine.Name", index), "Name", "Presse 4")
    await machine.add_variable(ua.NodeId("Machine.Spectrum", index), "Spectrum", [0.5, 1.5])
    setpoint = await machine.add_variable(ua.NodeId("Machine.Setpoint", index), "Setpoint", 50.0)
    await setpoint.set_writable()
    async with server:
        await server.historize_node_data_change(counter, count=10_000)
        print(f"opc.tcp://127.0.0.1:{port}/plant", flush=True)
        count = 0
        while True:
            await asyncio.sleep(0.1)
            count += 1
            now = datetime.now(timezone.utc)
            # Without a source time the server fails when its history is read.
            await counter.write_value(
                ua.DataValue(ua.Variant(count, ua.VariantType.UInt32), SourceTimestamp=now, ServerTimestamp=now)
            )
            status = ua.StatusCodes.UncertainSensorNotAccurate if count % 20 == 0 else ua.StatusCodes.Good
            await level.write_value(ua.DataValue(ua.Variant(count / 4, ua.VariantType.Double), ua.StatusCode(status)))


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
