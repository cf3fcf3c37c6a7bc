/** Settings of what speaks to machines and their systems: an MQTT broker, the collectors, and the OPC UA server. */
import { parseBytes } from '../memory/byte-size.ts'
import {
  parseBoolean,
  parseBrokerUrl,
  parseClaims,
  parseOptionalClaims,
  parseOptionalPort,
  parseTargetList,
  parseText,
  parseTopic,
  parseTopicLevel
} from './parsers.ts'

export const machineSettings = {
  MQTT_URL: {
    parse: parseBrokerUrl,
    default: '',
    means: 'URL of an MQTT broker to receive samples from: `mqtt://`, `mqtts://`, `ws://` or `wss://`'
  },
  MQTT_CREDENTIALS_FILE: { parse: parseText, default: '', means: 'File with `user:password` for the MQTT broker' },
  MQTT_CA_FILE: { parse: parseText, default: '', means: 'CA certificates (PEM) for the connection to the MQTT broker' },
  MQTT_CLIENT_ID: {
    parse: parseText,
    default: '',
    means:
      'MQTT client id, unique and stable across restarts so that the broker resumes the session; empty: derived from the stored data'
  },
  MQTT_MAPPING: {
    parse: parseText,
    default: '',
    means:
      'JSON file that maps topics to elements; empty: Sparkplug B devices by the idShort of their submodel, and the asset interfaces (IDTA 02017) that are stored'
  },
  MQTT_CLAIMS: {
    parse: parseClaims,
    default: 'role=gateway',
    means:
      'Claims of what the MQTT broker sends, as `name=value` pairs separated by commas or as JSON; what they may write the access rules decide, where callers are authenticated'
  },
  MQTT_PUBLISH_CLAIMS: {
    parse: parseOptionalClaims,
    default: '',
    means:
      'Claims of those who read what is published by MQTT: no more than they may read is, where callers are authenticated; empty: everything'
  },
  MQTT_PUBLISH: {
    parse: parseTopicLevel,
    default: '',
    means: 'Repository name in the topics of Eclipse BaSyx on which changes are published; empty: none are'
  },
  MQTT_EVENTS_TOPIC: {
    parse: parseTopic,
    default: '',
    means: 'Topic on which changes are published as events of async-aas (CloudEvents), e.g. `noauth`; empty: none are'
  },
  MQTT_EVENTS_DATA: {
    parse: parseBoolean,
    default: 'true',
    means: 'Events of async-aas have the changed document or element; without it subscribers fetch what they need'
  },
  COLLECT_TARGETS: {
    parse: parseTargetList,
    default: '',
    means:
      'Hosts and networks, each with its ports, that the hub may connect to where a stored Asset Interfaces Description (IDTA 02017) says so, e.g. `192.168.10.0/24:502,plc-1.plant`; empty: none. This machine and its link count only where they are listed themselves'
  },
  COLLECT_CLAIMS: {
    parse: parseClaims,
    default: 'role=gateway',
    means:
      'Claims of what is collected from machines, like `MQTT_CLAIMS`; what may be written the access rules decide, where callers are authenticated'
  },
  COLLECT_BUFFER: {
    parse: parseBytes,
    default: '1GiB',
    means:
      'Maximum size of what is collected and waits on disk, while the store refuses it or, for `aas-hub collect`, the hub is not reached; beyond it the oldest samples are dropped'
  },
  COLLECT_BUFFER_DIR: {
    parse: parseText,
    default: '',
    means: 'Folder where it waits, best on another disk than `DATA_DIR`; empty: `collected` in `DATA_DIR`'
  },
  COLLECT_SUBMODEL: {
    parse: parseText,
    default: 'urn:aas-hub:connections',
    means:
      'Id of the submodel in which the hub shows its connections to machines, with live values, once there are any; empty: none'
  },
  COLLECT_SHELL: {
    parse: parseText,
    default: '',
    means:
      'Id of a shell for the hub itself, such as `urn:aas-hub:shell`, which is made with this submodel and refers to it; empty: none'
  },
  COLLECT_SECRETS: {
    parse: parseText,
    default: '',
    means:
      'Folder with secrets for machines: a folder for each host, `host` or `host_port`, with a file for each secret that a description names, and `ca.pem` where its certificate is from an authority of the plant'
  },
  OPCUA_CERTIFICATES: {
    parse: parseText,
    default: '',
    means:
      "Folder of the certificates for OPC UA: the hub's own, and those of servers and clients that are trusted and rejected (`opcua-certificates` in `DATA_DIR`); hubs that share a database share it, too"
  },
  OPCUA_PORT: {
    parse: parseOptionalPort,
    default: 'off',
    means:
      'Port on which what is stored is served by OPC UA (I4AAS, OPC 30270), at the address `HOST`; `0` takes a free one, `off`: it is not'
  },
  OPCUA_UNENCRYPTED: {
    parse: parseBoolean,
    flag: true as const,
    default: 'false',
    means:
      'OPC UA clients may connect without encryption and certificate, too (security policy None); on loopback they always may'
  }
}
