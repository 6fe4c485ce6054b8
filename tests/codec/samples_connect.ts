import { Buffer } from "node:buffer";
import { data, frame, properties, text } from "./bytes.ts";
import type { Sample } from "./sample.ts";

const MQTT = text("MQTT");
const MQISDP = text("MQIsdp");
const BYTES = Buffer.from([0, 255]);

/** CONNECT. */
export const CONNECTS: readonly Sample[] = [
  {
    description: "CONNECT of MQTT 3.1",
    version: 3,
    bytes: frame(0x10, MQISDP, 3, 2, 0, 10, text("c")),
    packet: {
      cmd: "connect",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      clean: true,
      keepalive: 10,
      clientId: "c",
    },
  },
  {
    description: "CONNECT of MQTT 3.1 with everything",
    version: 3,
    bytes: frame(
      ...[0x10, MQISDP, 3, 0xee, 1, 0, text("c")],
      ...[text("w/t"), data(1, 2), text("u"), data(0, 255)],
    ),
    packet: {
      cmd: "connect",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      clean: true,
      keepalive: 256,
      clientId: "c",
      will: {
        topic: "w/t",
        payload: Buffer.from([1, 2]),
        qos: 1,
        retain: true,
      },
      username: "u",
      password: BYTES,
    },
  },
  {
    description: "CONNECT of a bridge of MQTT 3.1",
    version: 3,
    bytes: frame(0x10, MQISDP, 0x83, 2, 0, 10, text("c")),
    packet: {
      cmd: "connect",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      ...{ bridgeMode: true },
      clean: true,
      keepalive: 10,
      clientId: "c",
    },
  },
  {
    description: "CONNECT of a bridge of MQTT 3.1.1",
    version: 4,
    bytes: frame(0x10, MQTT, 0x84, 0, 0, 10, text("c")),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      ...{ bridgeMode: true },
      clean: false,
      keepalive: 10,
      clientId: "c",
    },
  },
  {
    description: "CONNECT of MQTT 3.1.1 without a client identifier",
    version: 4,
    bytes: frame(0x10, MQTT, 4, 2, 0, 0, text("")),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: 0,
      clientId: "",
    },
  },
  {
    description:
      "CONNECT of MQTT 3.1.1 with an empty will and an empty user name",
    version: 4,
    bytes: frame(
      ...[0x10, MQTT, 4, 0x94, 0, 60, text("é")],
      ...[text("w"), data(), text("")],
    ),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: false,
      keepalive: 60,
      clientId: "é",
      will: { topic: "w", payload: Buffer.alloc(0), qos: 2, retain: false },
      username: "",
    },
  },
  {
    description: "CONNECT of MQTT 5 with nothing, and an old session",
    version: 5,
    bytes: frame(0x10, MQTT, 5, 0, 0, 0, 0, text("")),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: false,
      keepalive: 0,
      clientId: "",
    },
  },
  {
    description: "CONNECT of MQTT 5 with a password, but no user name",
    version: 5,
    bytes: frame(0x10, MQTT, 5, 0x42, 0, 0, 0, text("c"), data(0, 255)),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: true,
      keepalive: 0,
      clientId: "c",
      password: BYTES,
    },
  },
  {
    description: "CONNECT of MQTT 5 with every property",
    version: 5,
    bytes: frame(
      ...[0x10, MQTT, 5, 0xce, 0, 60],
      properties(
        ...[17, 0, 0, 1, 0, 33, 0, 1, 39, 0, 0, 0, 200, 34, 0, 7, 25, 1, 23, 0],
        ...[38, text("a"), text("1"), 38, text("a"), text("2")],
        ...[21, text("m"), 22, data(0, 255)],
      ),
      text("c"),
      properties(
        ...[24, 0, 0, 0, 5, 1, 1, 2, 0, 0, 0, 9, 3, text("text/plain")],
        ...[8, text("r/t"), 9, data(0, 255), 38, text("b"), text("")],
      ),
      ...[text("w"), data(0, 255), text("u"), data()],
    ),
    packet: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: true,
      keepalive: 60,
      properties: {
        sessionExpiryInterval: 256,
        receiveMaximum: 1,
        maximumPacketSize: 200,
        topicAliasMaximum: 7,
        requestResponseInformation: true,
        requestProblemInformation: false,
        userProperties: { a: ["1", "2"] },
        authenticationMethod: "m",
        authenticationData: BYTES,
      },
      clientId: "c",
      will: {
        topic: "w",
        payload: BYTES,
        qos: 1,
        retain: false,
        properties: {
          willDelayInterval: 5,
          payloadFormatIndicator: true,
          messageExpiryInterval: 9,
          contentType: "text/plain",
          responseTopic: "r/t",
          correlationData: BYTES,
          userProperties: { b: "" },
        },
      },
      username: "u",
      password: Buffer.alloc(0),
    },
  },
];

/** CONNACK. */
export const CONNACKS: readonly Sample[] = [
  {
    description: "CONNACK of MQTT 3.1",
    version: 3,
    bytes: frame(0x20, 0, 5),
    packet: { cmd: "connack", sessionPresent: false, returnCode: 5 },
  },
  {
    description: "CONNACK of MQTT 3.1.1 with a session",
    version: 4,
    bytes: frame(0x20, 1, 0),
    packet: { cmd: "connack", sessionPresent: true, returnCode: 0 },
  },
  {
    description: "CONNACK of MQTT 5 without properties",
    version: 5,
    bytes: frame(0x20, 0, 0x87, 0),
    packet: { cmd: "connack", sessionPresent: false, reasonCode: 0x87 },
  },
  {
    description: "CONNACK of MQTT 5 with every property",
    version: 5,
    from: "server",
    bytes: frame(
      ...[0x20, 1, 0],
      properties(
        ...[17, 255, 255, 255, 255, 33, 255, 255, 36, 1, 37, 0],
        ...[39, 0, 1, 0, 0, 18, text("id"), 34, 0, 0, 31, text("why")],
        ...[38, text("k"), text("v"), 40, 1, 41, 0, 42, 1, 19, 0, 30],
        ...[26, text("i"), 28, text("s"), 21, text("m"), 22, data(0, 255)],
      ),
    ),
    packet: {
      cmd: "connack",
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 0xffffffff,
        receiveMaximum: 65535,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: 65536,
        assignedClientIdentifier: "id",
        topicAliasMaximum: 0,
        reasonString: "why",
        userProperties: { k: "v" },
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: true,
        serverKeepAlive: 30,
        responseInformation: "i",
        serverReference: "s",
        authenticationMethod: "m",
        authenticationData: BYTES,
      },
    },
  },
];
