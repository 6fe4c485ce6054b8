import { assertEquals, assertThrows } from "@std/assert";
import { deltaOf, iotaOf } from "../../../plugins/_shadows/differences.ts";
import {
  applyUpdate,
  emptyDocument,
  type JsonObject,
  parseJson,
  type ShadowDocument,
  type StateUpdate,
  withoutNulls,
} from "../../../plugins/_shadows/document.ts";
import {
  parseShadowTopic,
  readRequest,
  Rejection,
  tokenOf,
} from "../../../plugins/_shadows/request.ts";

/** Each row: a topic, and device, name and operation if it is one of shadows. */
const TOPICS: ReadonlyArray<[string, string?]> = [
  ["$shadow/myclientid/myshadow/get", "myclientid myshadow get"],
  ["$shadow/my-client_1/S-2_x/update", "my-client_1 S-2_x update"],
  ["$shadow/myshadow/get"],
  ["$shadow/a/b/update/accepted"],
  ["$shadow/a/b/get/"],
  ["$shadow/a/b/getting"],
  ["$shadow/a/b/delete"],
  ["$shadow/a.b/c/get"],
  ["$shadow//c/get"],
  ["$shadow/a/+/get"],
  [`$shadow/${"a".repeat(129)}/b/get`],
  ["x/$shadow/a/b/get"],
  ["$shadowy/a/b/get"],
];

for (const [topic, expected] of TOPICS) {
  Deno.test(`aMQTT 47: ${topic} is ${expected ?? "no topic of shadows"}`, () => {
    const parsed = parseShadowTopic(topic);
    assertEquals(
      parsed && `${parsed.device} ${parsed.name} ${parsed.operation}`,
      expected,
    );
  });
}

/** Objects without a prototype are equal to none with one. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function documentOf(...updates: StateUpdate[]): ShadowDocument {
  return updates.reduce<ShadowDocument>(
    (document, update, i) =>
      applyUpdate(
        document,
        parseJson(JSON.stringify(update)) as StateUpdate,
        10 * (i + 1),
      ),
    emptyDocument(),
  );
}

Deno.test("aMQTT 47: a merge keeps the values and time stamps of other keys, and stamps new ones", () => {
  const document = documentOf(
    {
      desired: { item1: "1a", item2: "2a", deep: { x: 1, y: 1 } },
      reported: { item1: "1a", list: [1, 2] },
    },
    {
      desired: { item2: "2b", deep: { y: 2, z: { w: 3 } } },
      reported: { list: [3] },
    },
  );
  const at = (timestamp: number) => ({ timestamp });
  assertEquals(plain(document), {
    state: {
      desired: {
        item1: "1a",
        item2: "2b",
        deep: { x: 1, y: 2, z: { w: 3 } },
      },
      reported: { item1: "1a", list: [3] },
    },
    metadata: {
      desired: {
        item1: at(10),
        item2: at(20),
        deep: { x: at(10), y: at(20), z: { w: at(20) } },
      },
      reported: { item1: at(10), list: at(20) },
    },
  });
});

Deno.test("aMQTT 47: clearing a key stores null, which answers leave out", () => {
  const document = documentOf(
    { desired: { a: 1, b: { c: 1, d: 1 } } },
    { desired: { a: null, b: { c: null } } },
  );
  assertEquals(plain(document.state.desired), {
    a: null,
    b: { c: null, d: 1 },
  });
  assertEquals(plain(withoutNulls(document.state.desired)), { b: { d: 1 } });
  assertEquals(plain(withoutNulls(document.metadata.desired)), {
    b: { d: { timestamp: 10 } },
  });
});

Deno.test("a value may become an object and back, and a whole half may be cleared", () => {
  const document = documentOf(
    { desired: { a: 1, timestamp: 5 }, reported: { r: 1 } },
    { desired: { a: { timestamp: 7 } } },
    { desired: { timestamp: { b: 1 } } },
    { reported: null },
  );
  assertEquals(plain(document), {
    state: {
      desired: { a: { timestamp: 7 }, timestamp: { b: 1 } },
      reported: {},
    },
    metadata: {
      desired: {
        a: { timestamp: { timestamp: 20 } },
        timestamp: { b: { timestamp: 30 } },
      },
      reported: {},
    },
  });
});

Deno.test("keys that objects have by nature are ordinary keys", () => {
  const text = '{"__proto__": {"evil": 1}, "toString": 2, "constructor": {}}';
  const update = { desired: parseJson(text) as JsonObject };
  const document = applyUpdate(emptyDocument(), update, 1);
  assertEquals(
    JSON.parse(JSON.stringify(document.state.desired)).toString,
    2,
  );
  assertEquals(Object.keys(document.state.desired), [
    "__proto__",
    "toString",
    "constructor",
  ]);
  assertEquals(({} as Record<string, unknown>).evil, undefined);
  assertEquals(Object.keys(deltaOf(document).state).length, 3);
});

/** Each row: reported, desired, delta, iota. */
const DIFFERENCES: ReadonlyArray<
  [unknown, unknown, unknown, unknown]
> = [
  [{ temperature: 70 }, { temperature: 72 }, { temperature: 72 }, {
    temperature: 72,
  }],
  [{ led: "off", fan: "low" }, { led: "on", fan: "low" }, { led: "on" }, {
    led: "on",
  }],
  [{ door: "closed" }, { door: "closed", alarm: "armed" }, { alarm: "armed" }, {
    alarm: "armed",
  }],
  [{ volume: 10 }, { volume: 10 }, {}, {}],
  [
    { brightness: 100 },
    { brightness: 80, mode: "eco" },
    { brightness: 80, mode: "eco" },
    { brightness: 80, mode: "eco" },
  ],
  [{ levels: [1, 10, 4] }, { levels: [1, 4, 10] }, { levels: [1, 4, 10] }, {
    levels: [1, 4, 10],
  }],
  [{ brightness: 100, mode: "eco" }, { brightness: 80 }, { brightness: 80 }, {
    brightness: 80,
    mode: null,
  }],
  [{ a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, { a: { b: 2 } }, {
    a: { b: 2, c: 1 },
  }],
  [{ a: { c: 1, b: 1 } }, { a: { b: 1, c: 1 } }, {}, {}],
  [{ a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }, { a: { b: 1 } }],
  [{ a: 1 }, { a: null }, {}, { a: null }],
  [{}, { a: null, b: { c: null } }, { b: {} }, { b: {} }],
  [{ a: [{ b: 1 }] }, { a: [{ b: 1 }] }, {}, {}],
  [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }, { a: [{ b: 2 }] }, { a: [{ b: 2 }] }],
];

for (const [reported, desired, delta, iota] of DIFFERENCES) {
  const name = `${JSON.stringify(reported)} to ${JSON.stringify(desired)}`;
  Deno.test(`aMQTT 47: delta and iota of ${name}`, () => {
    const document = documentOf({ desired, reported } as StateUpdate);
    assertEquals(plain(deltaOf(document).state), delta);
    assertEquals(plain(iotaOf(document).state), iota);
  });
}

Deno.test("delta and iota have the time stamps of the desired values", () => {
  const document = documentOf(
    { desired: { a: 1, b: { c: 1, d: 1 } }, reported: { a: 1, x: 1 } },
    { desired: { b: { c: 2 } } },
    { reported: { b: { d: 1 } } },
  );
  assertEquals(plain(deltaOf(document)), {
    state: { b: { c: 2 } },
    metadata: { b: { c: { timestamp: 20 } } },
  });
  assertEquals(plain(iotaOf(document)), {
    state: { b: { c: 2, d: 1 }, x: null },
    metadata: { b: { c: { timestamp: 20 }, d: { timestamp: 10 } } },
  });
});

// -- Requests --

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("readRequest() reads what clients may send", () => {
  assertEquals(readRequest("get", bytes(""), 100), {
    clientToken: undefined,
    version: undefined,
    state: undefined,
  });
  assertEquals(
    readRequest("get", bytes('{"clientToken": "t"}'), 100).clientToken,
    "t",
  );
  const update =
    '{"state": {"desired": {"a": 1}, "reported": null}, "version": 3, "clientToken": "t"}';
  const { state, ...others } = readRequest("update", bytes(update), 100);
  assertEquals(others, { clientToken: "t", version: 3 });
  assertEquals(plain(state), { desired: { a: 1 }, reported: null });
});

/** Each row: the payload of an update, the code, a part of the message. */
const REFUSED: ReadonlyArray<[string, number, string]> = [
  ["", 400, "not JSON"],
  ["{", 400, "not JSON"],
  ["\xff", 400, "not an object"],
  ["[]", 400, "not an object"],
  ["1", 400, "not an object"],
  ["{}", 400, '"state" is missing'],
  ['{"state": 1}', 400, '"state" is not an object'],
  ['{"state": {"desired": 1}}', 400, '"state.desired" is not an object'],
  ['{"state": {"wanted": {}}}', 400, '"state.wanted"'],
  ['{"state": {}, "other": 1}', 400, '"other"'],
  ['{"state": {}, "version": "1"}', 400, '"version"'],
  ['{"state": {}, "clientToken": 1}', 400, '"clientToken"'],
  [
    `{"state": {"desired": ${'{"a":'.repeat(40)}1${"}".repeat(40)}}}`,
    400,
    "levels",
  ],
  [`{"state": {"desired": {"a": "${"x".repeat(1000)}"}}}`, 413, "bytes"],
];

for (const [payload, code, message] of REFUSED) {
  Deno.test(`readRequest() refuses ${payload.slice(0, 40) || "nothing"}`, () => {
    const text = payload === "\xff" ? '"\xff"' : payload;
    const error = assertThrows(
      () => readRequest("update", bytes(text), 900),
      Rejection,
      message,
    );
    assertEquals(error.code, code);
  });
}

Deno.test("readRequest() refuses what is no UTF-8, and finds the token of what it refuses", () => {
  assertThrows(
    () => readRequest("update", Uint8Array.of(0x22, 0xff, 0x22), 900),
    Rejection,
    "not JSON",
  );
  assertEquals(tokenOf(bytes('{"state": 1, "clientToken": "t"}')), "t");
  assertEquals(tokenOf(bytes('{"clientToken": 1}')), undefined);
  assertEquals(tokenOf(bytes("{")), undefined);
});
