/** Addresses as limits see them, and tables of strangers that cannot grow without end. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { addressKey, AddressSet } from "../../broker/limits/address.ts";
import { ExpiringTable, shortKey } from "../../broker/limits/expiring_table.ts";
import { LimitReports } from "../../broker/limits/limit_reports.ts";
import { TokenBucket } from "../../broker/limits/token_bucket.ts";
import { recordWarnings, type Warning } from "./_helpers.ts";

const KEYS: readonly [address: string, key: string][] = [
  ["192.0.2.1", "192.0.2.1"],
  ["", ""],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:0:0:ffff::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["1::", "1:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ["2001:db8:1:2:3:4:192.0.2.1", "2001:db8:1:2::/64"],
];

for (const [address, key] of KEYS) {
  Deno.test(`addressKey() of "${address}" is "${key}"`, () => {
    assertEquals(addressKey(address), key);
  });
}

Deno.test("AddressSet knows addresses and networks of both families", () => {
  const set = new AddressSet([
    "10.0.0.0/8",
    "192.0.2.7",
    "fd00::/8",
    "::1/128",
  ]);
  for (const address of ["10.1.2.3", "192.0.2.7", "fd12::9", "::1"]) {
    assert(set.has(address), address);
  }
  for (const address of ["11.1.2.3", "192.0.2.8", "fe00::9", "::2", "", "x"]) {
    assert(!set.has(address), address);
  }
  assert(new AddressSet(["0.0.0.0/0"]).has("203.0.113.9"));
  assert(!new AddressSet([]).has("127.0.0.1"));
});

for (
  const range of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0/8",
    "10.0.0.0/",
    "10.0.0.0/x",
    "localhost",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "",
  ]
) {
  Deno.test(`AddressSet refuses "${range}"`, () => {
    assertThrows(() => new AddressSet([range]), TypeError, `"${range}"`);
  });
}

Deno.test("ExpiringTable forgets what has expired, and what is oldest when it is full", () => {
  const table = new ExpiringTable<number>(3);
  table.set("a", 1, 100, 0);
  assertEquals([table.get("a", 99), table.get("a", 100)], [1, undefined]);
  for (let i = 0; i < 10; i++) table.set(`${i}`, i, 1000, 0);
  assertEquals(table.size, 3);
  assertEquals([table.get("6", 0), table.get("7", 0)], [undefined, 7]);
  // What is set again is the youngest.
  table.set("7", 70, 1000, 0);
  table.set("new", 1, 1000, 0);
  assertEquals([table.get("7", 0), table.get("8", 0)], [70, undefined]);
  // New entries take the expired ones with them.
  table.set("later", 1, 3000, 2000);
  table.set("latest", 1, 3000, 2000);
  assertEquals(table.size, 2);
  table.delete("later");
  assertEquals(table.size, 1);
});

Deno.test("shortKey() bounds what a stranger can have stored, and tells names apart", () => {
  assertEquals(shortKey("alice"), "alice");
  const long = "x".repeat(60_000);
  assert(shortKey(long).length < 100);
  assert(shortKey(long) !== shortKey(`${long}y`));
});

Deno.test("TokenBucket lets a burst of a second through, then the rate; what is too large leaves a debt", () => {
  const bucket = new TokenBucket(10, 0);
  for (let i = 0; i < 10; i++) {
    assertEquals(bucket.delay(0), 0);
    bucket.spend(1);
  }
  assertEquals(Math.round(bucket.delay(0)), 100);
  assertEquals(bucket.delay(100), 0);
  bucket.spend(31);
  assertEquals(Math.round(bucket.delay(100)), 3100);
  assertEquals(bucket.delay(3200), 0);
  // No more than a second's worth is saved up.
  assertEquals(bucket.delay(1_000_000), 0);
  bucket.spend(10);
  assertEquals(Math.round(bucket.delay(1_000_000)), 100);
});

Deno.test("LimitReports counts everything, logs a client once in an interval, and stays small", () => {
  const warnings: Warning[] = [];
  const counts = {};
  const reports = new LimitReports(recordWarnings(warnings), counts);
  for (let i = 0; i < 5000; i++) {
    reports.reached("maxConnections", `192.0.2.${i}`, "Connection refused", 7);
    reports.reached("maxConnections", "same", "Connection refused", 7);
  }
  assertEquals(counts, { maxConnections: 10_000 });
  // A thousand clients, and one line for all the others.
  assertEquals(warnings.length, 1001);
  assertEquals(warnings[0], {
    message: "Connection refused",
    fields: { limit: "max-connections", value: 7, who: "192.0.2.0" },
  });
  reports.reached("byteRate", "x".repeat(60_000), "Client slowed down");
  assertEquals(String(warnings.at(-1)?.fields.who).length, 128);
});
