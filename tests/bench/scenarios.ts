/**
 * What `deno task bench` measures.
 *
 * @module
 */

/** How clients behave. */
export type Load =
  /** Publishers send as fast as the broker takes it. */
  | "flood"
  /** Publishers send at a fixed rate; every message is timed. */
  | "paced"
  /** Clients come and go, one after the other. */
  | "connect"
  /** Clients come, subscribe and then do nothing. */
  | "idle"
  /** No clients: the broker is started again and again. */
  | "start";

/** One scenario. `{}` in a topic is the number of the client, counted from 0. */
export interface Scenario {
  /** For `--scenario`. */
  readonly name: string;
  /** For the tables. */
  readonly title: string;
  readonly load: Load;
  /** Protocol level. */
  readonly version: 4 | 5;
  readonly qos: 0 | 1 | 2;
  /** Size of the payload in bytes. */
  readonly size: number;
  readonly publishers: number;
  readonly subscribers: number;
  /** Where publishers publish. */
  readonly topic: string;
  /** What subscribers subscribe to. */
  readonly filter: string;
  /** How many subscribers get each message. */
  readonly copies: number;
  /** Messages per second of all publishers together, if `paced`. */
  readonly rate: number;
  /** Whether `--quick` leaves it out. */
  readonly thorough: boolean;
}

const PLAIN: Omit<Scenario, "name" | "title"> = {
  load: "flood",
  version: 4,
  qos: 0,
  size: 64,
  publishers: 1,
  subscribers: 1,
  topic: "bench/{}",
  filter: "bench/{}",
  copies: 1,
  rate: 0,
  thorough: false,
};

const PAIRS = { publishers: 50, subscribers: 50 };

/** The scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  {
    ...PLAIN,
    name: "point-to-point",
    title: "QoS 0, one publisher to one subscriber",
  },
  {
    ...PLAIN,
    name: "point-to-point-v5",
    title: "The same with MQTT 5",
    version: 5,
    thorough: true,
  },
  {
    ...PLAIN,
    name: "fan-out",
    title: "QoS 0, one publisher to 100 subscribers",
    subscribers: 100,
    filter: "bench/0",
    copies: 100,
  },
  {
    ...PLAIN,
    name: "fan-in",
    title: "QoS 0, 100 publishers to one `#` subscriber",
    publishers: 100,
    filter: "bench/#",
  },
  {
    ...PLAIN,
    name: "wildcard",
    title: "QoS 0, 10 pairs, filters with `+` and `#`",
    publishers: 10,
    subscribers: 10,
    topic: "bench/{}/sensor/temperature",
    filter: "bench/{}/+/#",
    thorough: true,
  },
  {
    ...PLAIN,
    name: "shared",
    title: "QoS 0, 10 publishers to a shared group of 10",
    version: 5,
    publishers: 10,
    subscribers: 10,
    filter: "$share/group/bench/#",
  },
  { ...PLAIN, ...PAIRS, name: "qos1", title: "QoS 1, 50 pairs", qos: 1 },
  {
    ...PLAIN,
    ...PAIRS,
    name: "qos1-v5",
    title: "QoS 1, 50 pairs, MQTT 5",
    qos: 1,
    version: 5,
    thorough: true,
  },
  { ...PLAIN, ...PAIRS, name: "qos2", title: "QoS 2, 50 pairs", qos: 2 },
  {
    ...PLAIN,
    name: "large",
    title: "QoS 0, payloads of 64 KiB",
    size: 65536,
  },
  {
    ...PLAIN,
    ...PAIRS,
    name: "paced",
    title: "QoS 0, 5,000 messages/s over 50 pairs",
    load: "paced",
    rate: 5000,
  },
  {
    ...PLAIN,
    ...PAIRS,
    name: "paced-qos1",
    title: "QoS 1, 2,000 messages/s over 50 pairs",
    load: "paced",
    qos: 1,
    rate: 2000,
    thorough: true,
  },
  {
    ...PLAIN,
    name: "connect",
    title: "Clients that come and go",
    load: "connect",
    publishers: 0,
    subscribers: 32,
  },
  {
    ...PLAIN,
    name: "idle",
    title: "5,000 idle clients with a subscription",
    load: "idle",
    publishers: 0,
    subscribers: 5000,
  },
  {
    ...PLAIN,
    name: "start",
    title: "Start, DinoMQ with `examples/broker.yaml`",
    load: "start",
    publishers: 0,
    subscribers: 0,
  },
];
