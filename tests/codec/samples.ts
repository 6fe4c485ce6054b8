import { Buffer } from "node:buffer";
import { data, frame, properties, text } from "./bytes.ts";
import type { Sample } from "./sample.ts";
import { CONNACKS, CONNECTS } from "./samples_connect.ts";
import { ACKNOWLEDGEMENTS, PUBLISHES } from "./samples_publish.ts";
import { SUBSCRIPTIONS } from "./samples_subscribe.ts";

const BYTES = Buffer.from([0, 255]);

const REST: readonly Sample[] = [
  ...([3, 4, 5] as const).flatMap((version): Sample[] => [
    {
      description: `PINGREQ of version ${version}`,
      version,
      bytes: frame(0xc0),
      packet: { cmd: "pingreq" },
    },
    {
      description: `PINGRESP of version ${version}`,
      version,
      bytes: frame(0xd0),
      packet: { cmd: "pingresp" },
    },
  ]),
  ...([3, 4] as const).map((version): Sample => ({
    description: `DISCONNECT of version ${version}`,
    version,
    bytes: frame(0xe0),
    packet: { cmd: "disconnect" },
  })),
  {
    description: "DISCONNECT of MQTT 5 in its shortest form",
    version: 5,
    bytes: frame(0xe0),
    packet: { cmd: "disconnect", reasonCode: 0 },
    decodeOnly: true,
  },
  {
    description: "DISCONNECT of MQTT 5 with a reason code only",
    version: 5,
    bytes: frame(0xe0, 4),
    packet: { cmd: "disconnect", reasonCode: 4 },
    decodeOnly: true,
  },
  {
    description: "DISCONNECT of MQTT 5 with every property",
    version: 5,
    bytes: frame(
      ...[0xe0, 0x9c],
      properties(
        ...[17, 0, 0, 0, 0, 31, text("why")],
        ...[38, text("k"), text("v"), 28, text("s")],
      ),
    ),
    packet: {
      cmd: "disconnect",
      reasonCode: 0x9c,
      properties: {
        sessionExpiryInterval: 0,
        reasonString: "why",
        userProperties: { k: "v" },
        serverReference: "s",
      },
    },
  },
  {
    description: "AUTH without a reason code",
    version: 5,
    from: "server",
    bytes: frame(0xf0),
    packet: { cmd: "auth", reasonCode: 0 },
    decodeOnly: true,
  },
  {
    description: "AUTH with every property",
    version: 5,
    bytes: frame(
      ...[0xf0, 0x18],
      properties(
        ...[21, text("m"), 22, data(0, 255), 31, text("why")],
        ...[38, text("k"), text("v")],
      ),
    ),
    packet: {
      cmd: "auth",
      reasonCode: 0x18,
      properties: {
        authenticationMethod: "m",
        authenticationData: BYTES,
        reasonString: "why",
        userProperties: { k: "v" },
      },
    },
  },
];

/** Every packet type in every version, with every property. */
export const SAMPLES: readonly Sample[] = [
  ...CONNECTS,
  ...CONNACKS,
  ...PUBLISHES,
  ...ACKNOWLEDGEMENTS,
  ...SUBSCRIPTIONS,
  ...REST,
];
