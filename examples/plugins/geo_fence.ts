/**
 * Lets in clients of some countries only. A service says by HTTP where an address
 * is: `GET <url>/192.0.2.1` answers with a country code, such as `NL`.
 *
 * ```yaml
 * plugins:
 *   auth_file: { password-file: passwords }
 *   ./geo_fence.ts: { url: "http://127.0.0.1:8000/country", countries: [NL, BE] }
 * ```
 *
 * It never lets anyone in by itself: who is in one of the countries still needs the
 * yes of another plugin.
 *
 * @module
 */

import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type Decision,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Where the service is. */
  url: string;
  /** Codes of the countries whose clients may connect. */
  countries: string[];
  /** Seconds that an answer is kept. Default: 3600. */
  cache: number;
}

const MOST = 10_000;

export default class GeoFence extends BaseAuthPlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    url: v.pipe(v.string(), v.url()),
    countries: v.pipe(v.array(v.string()), v.minLength(1)),
    cache: v.optional(v.pipe(v.number(), v.minValue(0)), 3600),
  });

  readonly #known: Map<string, { country: string; until: number }> = new Map();

  async authenticate({ session }: AuthenticateEvent): Promise<Decision> {
    const country = await this.#countryOf(session.remoteAddress);
    if (this.config.countries.includes(country)) return undefined;
    this.context.logger.info("Client of another country refused", {
      clientId: session.clientId,
      address: session.remoteAddress,
      country,
    });
    return { allow: false, reasonString: "Not from where you are" };
  }

  async #countryOf(address: string): Promise<string> {
    const known = this.#known.get(address);
    if (known !== undefined && known.until > Date.now()) return known.country;
    const { url, cache } = this.config;
    // What it throws denies. The signal ends with the plugin.
    const response = await fetch(`${url}/${encodeURIComponent(address)}`, {
      signal: this.context.signal,
    });
    const country = (await response.text()).trim();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    // The oldest goes first.
    if (this.#known.size >= MOST) {
      this.#known.delete(this.#known.keys().next().value!);
    }
    const until = Date.now() + cache * 1000;
    this.#known.set(address, { country, until });
    return country;
  }
}
