/** QoS 2 from a client to the broker: a message passes once, wherever the connection breaks. */

import { assertEquals } from "@std/assert";
import type { ProtocolVersion } from "../../codec/mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { flight, publish } from "./_helpers.ts";

const VERSIONS: ProtocolVersion[] = [3, 4, 5];

for (const version of VERSIONS) {
  const lasting = {
    version,
    clientId: "sender",
    clean: false,
    ...version === 5 && { properties: { sessionExpiryInterval: 60 } },
  };
  const first = publish("t", "once", { qos: 2, messageId: 7 });
  const again = { ...first, dup: true };

  Deno.test(`MQTT ${version}: a repeated QoS 2 PUBLISH is delivered once [MQTT-4.3.3-10]`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, { version });
    await using sender = await TestClient.connect(broker, { version });
    await reader.subscribe("t", 2);
    await sender.send(first, again, again);
    for (let i = 0; i < 3; i++) {
      assertEquals((await sender.expect("pubrec")).messageId, 7);
    }
    assertEquals(flight(await reader.expect("publish")).slice(0, 3), [
      "once",
      2,
      false,
    ]);
    await sender.send({ cmd: "pubrel", messageId: 7 });
    assertEquals((await sender.expect("pubcomp")).messageId, 7);
    await reader.ping();
  });

  Deno.test(`MQTT ${version}: a QoS 2 PUBLISH repeated by a resumed session is delivered once [MQTT-4.4.0-1]`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("t", 2);
    {
      // The PUBREC is lost.
      await using sender = await TestClient.connect(broker, lasting);
      await sender.send(first);
      await sender.expect("pubrec");
    }
    {
      // Now the PUBCOMP is.
      await using sender = await TestClient.connect(broker, lasting);
      assertEquals(sender.connack?.sessionPresent, version !== 3);
      await sender.send(again);
      await sender.expect("pubrec");
      await sender.send({ cmd: "pubrel", messageId: 7 });
      await sender.expect("pubcomp");
    }
    await using sender = await TestClient.connect(broker, lasting);
    await sender.send({ cmd: "pubrel", messageId: 7 });
    // [MQTT-4.3.3-11]; the code says that nothing was left to release.
    const pubcomp = await sender.expect("pubcomp");
    assertEquals(pubcomp.messageId, 7);
    if (version === 5) assertEquals(pubcomp.reasonCode, 0x92);
    assertEquals(await reader.message(), "t: once");
    await reader.ping();
  });

  Deno.test(`MQTT ${version}: after PUBCOMP the identifier stands for a new message [MQTT-4.3.3-12]`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, { version });
    await using sender = await TestClient.connect(broker, { version });
    await reader.subscribe("t", 0);
    for (const payload of ["one", "two"]) {
      await sender.send(publish("t", payload, { qos: 2, messageId: 7 }));
      await sender.expect("pubrec");
      await sender.send({ cmd: "pubrel", messageId: 7 });
      await sender.expect("pubcomp");
      assertEquals(await reader.message(), `t: ${payload}`);
    }
  });

  Deno.test(`MQTT ${version}: a clean session forgets the QoS 2 identifiers [MQTT-3.1.2-4]`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("t", 0);
    {
      await using sender = await TestClient.connect(broker, lasting);
      await sender.send(first);
      await sender.expect("pubrec");
    }
    await using sender = await TestClient.connect(broker, {
      ...lasting,
      clean: true,
    });
    assertEquals(sender.connack?.sessionPresent, false);
    await sender.send(first);
    await sender.expect("pubrec");
    assertEquals(await reader.message(), "t: once");
    assertEquals(await reader.message(), "t: once");
  });
}

Deno.test("MQTT 5: a PUBREC that refuses leaves the identifier free [MQTT-4.3.3-9]", async () => {
  await using broker = await startBroker();
  await using sender = await TestClient.connect(broker, { version: 5 });
  await using reader = await TestClient.connect(broker, { version: 5 });
  await reader.subscribe("t");
  await sender.send(publish("$SYS/x", "no", { qos: 2, messageId: 7 }));
  assertEquals((await sender.expect("pubrec")).reasonCode, 0x87);
  await sender.send(publish("t", "yes", { qos: 2, messageId: 7 }));
  assertEquals((await sender.expect("pubrec")).reasonCode, 0);
  assertEquals(await reader.message(), "t: yes");
});

Deno.test("MQTT 5: PUBACK and PUBREC say when nobody subscribes (section 3.4.2.1)", async () => {
  await using broker = await startBroker();
  await using sender = await TestClient.connect(broker, { version: 5 });
  await sender.send(publish("nobody", "", { qos: 1, messageId: 1 }));
  assertEquals((await sender.expect("puback")).reasonCode, 0x10);
  await sender.send(publish("nobody", "", { qos: 2, messageId: 1 }));
  assertEquals((await sender.expect("pubrec")).reasonCode, 0x10);
  await sender.send({ cmd: "pubrel", messageId: 1 });
  assertEquals((await sender.expect("pubcomp")).reasonCode, 0);
});

Deno.test("a client of MQTT 3.1.1 may send more QoS 2 messages than a receive maximum allows", async () => {
  await using broker = await startBroker({ receiveMaximum: 2 });
  await using sender = await TestClient.connect(broker, { version: 4 });
  for (let messageId = 1; messageId <= 5; messageId++) {
    await sender.send(publish("t", "", { qos: 2, messageId }));
    assertEquals((await sender.expect("pubrec")).messageId, messageId);
  }
});
