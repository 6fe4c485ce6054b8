/**
 * Addresses as limits see them.
 *
 * @module
 */

import { BlockList, isIP } from "node:net";

/**
 * What counts as one address: of IPv6 the first 64 bits, since that is the least
 * that a provider gives to one customer.
 *
 * @param address An IP address; anything else counts as it is written.
 * @returns The key.
 */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [plain] = address.split("%");
  const [head, tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const behind = tail === "" ? [] : tail.split(":");
    // The last one stands for two if it is written as an IPv4 address.
    const known = groups.length + behind.length +
      (behind.at(-1)?.includes(".") ? 1 : 0);
    for (let i = known; i < 8; i++) groups.push("0");
    groups.push(...behind);
  }
  const network = groups.slice(0, 4).map((group) =>
    parseInt(group, 16).toString(16)
  );
  return `${network.join(":")}::/64`;
}

/** Some addresses and networks. */
export class AddressSet {
  readonly #list = new BlockList();

  /**
   * Creates a set.
   *
   * @param ranges Addresses such as `192.0.2.1` and networks such as `10.0.0.0/8` or `fd00::/8`.
   * @throws {TypeError} If one of them is neither.
   */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const problem = rangeProblem(range);
      if (problem !== undefined) throw new TypeError(problem);
      const [address, prefix] = range.split("/");
      const family = familyOf(address);
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  /**
   * Whether an address is in the set.
   *
   * @param address An IP address.
   * @returns Whether it is; `false` also for what is no address.
   */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address));
  }
}

/**
 * Says what is wrong with an address or a network.
 *
 * @param range What should be one.
 * @returns What is wrong, or `undefined`.
 */
export function rangeProblem(range: string): string | undefined {
  const match = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(range);
  const version = match === null ? 0 : isIP(match[1]);
  if (match === null || version === 0) {
    return `"${range}" is neither an address such as 192.0.2.1 nor a network such as 10.0.0.0/8`;
  }
  const bits = version === 4 ? 32 : 128;
  return match[2] !== undefined && Number(match[2]) > bits
    ? `"${range}" has more than ${bits} bits`
    : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
