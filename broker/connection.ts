/**
 * One client's connection: bytes in, packets out, and how it ends.
 *
 * @module
 */

import { encode } from "../codec/encode.ts";
import { frameSize } from "../codec/framing.ts";
import { PublishView } from "../codec/publish.ts";
import { ReasonCode } from "../codec/reason_codes.ts";
import type { Packet, QoS } from "../plugins/mod.ts";
import type { AckQueue } from "./ack_queue.ts";
import type { Deadline } from "./clock.ts";
import type { Core } from "./core.ts";
import { Input, type InputOwner } from "./input.ts";
import { begin } from "./interception/accept.ts";
import { interceptDisconnect } from "./interception/disconnect.ts";
import type { Message } from "./message.ts";
import type { ListenerLimits } from "./config/mod.ts";
import { fail, lateConnect, sayWhy } from "./connection_failure.ts";
import type { Place } from "./limits/gate.ts";
import { Pause } from "./limits/pause.ts";
import { SendWatch } from "./limits/send_watch.ts";
import { Throttle } from "./limits/throttle.ts";
import { observePublish, observeSent, observesPublish } from "./observation.ts";
import { Output, type OutputOwner } from "./output.ts";
import { PublishOutput } from "./publish_output.ts";
import type { EnhancedAuthState } from "./protocol/auth.ts";
import { expectConnect, handleFrame } from "./protocol/dispatch.ts";
import type { Replays } from "./protocol/replays.ts";
import { awaitRelief, Relief } from "./relief.ts";
import type { Session } from "./session/session.ts";
import type { Topic } from "./topics/topic.ts";
import type { Transport } from "./transport/transport.ts";

// Above the first, publishers to this client wait; below the second they go on.
const HIGH_WATER = 1 << 19;
const LOW_WATER = 1 << 17;
// How long a client has to read what it is sent last, and to close.
const LINGER = 1000;

/** How far a connection is: waiting for CONNECT, in enhanced authentication, open, gone. */
export type Phase = "connect" | "auth" | "open" | "closed";

/** A client's connection. */
export class Connection implements InputOwner, OutputOwner {
  readonly core: Core;
  readonly transport: Transport;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** What was let in. */
  readonly place: Place;
  /** The limits of its listener. */
  limits: ListenerLimits;
  readonly output: Output;
  /** Writes PUBLISH packets to `output`. */
  readonly publishes: PublishOutput;
  /** What has arrived and is not handled yet. */
  readonly input: Input;
  phase: Phase = "connect";
  version: 3 | 4 | 5 = 4;
  /** The client's session once it is accepted. */
  session: Session | null = null;
  /** Most messages in flight to the client. */
  window = 1;
  /** Whether the client wants reason strings. */
  problemInformation = true;
  /** What the client's topic aliases stand for. */
  aliases: Map<number, Topic> | undefined = undefined;
  /** Retained messages that the client is to get. */
  replays: Replays | undefined = undefined;
  /** Acknowledgements that wait for the store. */
  acks: AckQueue | undefined = undefined;
  /** Slows the client down to its rates; absent if it has none. */
  throttle: Throttle | undefined = undefined;
  /** An authentication exchange that is under way. */
  auth: EnhancedAuthState | undefined = undefined;
  /** Authentication method of the CONNECT. */
  authMethod: string | undefined = undefined;
  #view: PublishView<Topic> | undefined;
  #relief: Relief | undefined;
  #sendWatch: SendWatch | undefined;
  #pause: Pause | undefined;
  #deadline: Deadline | undefined;
  #gone: ((connection: this) => void) | undefined;
  #lastSeen = 0;
  #waiting = false;
  #ending = false;
  #limit: number;

  constructor(
    core: Core,
    transport: Transport,
    listener: string,
    place: Place,
  ) {
    this.core = core;
    this.transport = transport;
    this.listener = listener;
    this.place = place;
    place.evict = () => this.drop("too many connections owe their CONNECT");
    this.limits = core.limitsOf(listener);
    this.#limit = this.limits.maxConnectPacketSize;
    this.input = new Input(transport, core.turns, this);
    this.output = new Output(transport, core.flusher, this);
    this.publishes = new PublishOutput(core, this.output);
  }

  /** The reader of this client's PUBLISH packets. */
  get view(): PublishView<Topic> {
    return this.#view ??= new PublishView();
  }

  /** Whether the client has so much to read that more should wait. */
  get busy(): boolean {
    return this.output.size > HIGH_WATER;
  }

  /** For the log: who this is. */
  get peer(): string {
    const { remoteAddress, remotePort, kind } = this.transport;
    return remoteAddress === "" ? kind : `${remoteAddress}:${remotePort}`;
  }

  /** Whether it is over, but for what is still to be written. */
  get closed(): boolean {
    return this.phase === "closed";
  }

  /**
   * Serves the client.
   *
   * @param gone Called when the connection has ended.
   */
  run(gone: (connection: this) => void): void {
    const { core } = this;
    this.#gone = gone;
    this.#deadline = core.clock.schedule(
      this.limits.connectTimeout * 1000,
      () => lateConnect(this),
    );
    begin(this);
  }

  arrived(count: number): Promise<void> | undefined {
    this.core.stats.bytesReceived += count;
    return this.proceed();
  }

  proceed(error?: unknown): Promise<void> | undefined {
    this.#lastSeen = Date.now();
    this.#waiting = false;
    try {
      if (error !== undefined) throw error;
      const wait = this.#process(this.input);
      this.core.received.tell(this);
      if (wait !== undefined) {
        this.#waiting = true;
        return wait;
      }
      this.input.compact();
    } catch (error) {
      fail(this, error);
    }
    // Messages alone never come this far: they are held back or dropped before.
    const most = this.core.config.maxOutputBytes + this.limits.maxPacketSize;
    if (this.output.size > most + HIGH_WATER) {
      this.drop("the client does not read the answers to what it sends");
    }
    return undefined;
  }

  ended(error?: unknown): void {
    if (error !== undefined && !this.closed) {
      fail(this, error);
      // The client may still read why: its end of the connection is awaited.
      return this.input.read();
    }
    try {
      this.drop("the client closed it");
    } catch (error) {
      fail(this, error);
    }
    this.#deadline?.cancel();
    this.transport.close();
    this.input.release();
    this.#gone!(this);
  }

  /** The packet size limit of an accepted client, and its keep alive. */
  open(keepAlive: number): void {
    const { config, clock } = this.core;
    this.phase = "open";
    this.place.authenticated();
    this.adoptLimits();
    this.#deadline?.cancel();
    this.#deadline = undefined;
    if (keepAlive === 0) return;
    // [MQTT-3.1.2-22]
    const patience = (keepAlive * 1.5 + config.timeoutDisconnectDelay) * 1000;
    const check = (): void => {
      const silent = this.#waiting ? 0 : Date.now() - this.#lastSeen;
      if (silent >= patience) this.end(ReasonCode.KeepAliveTimeout);
      else this.#deadline = clock.schedule(patience - silent, check);
    };
    this.#deadline = clock.schedule(patience, check);
  }

  /** Takes the limits of an accepted client over from the configuration. */
  adoptLimits(): void {
    const { reports } = this.core;
    const limits = this.limits = this.core.limitsOf(this.listener);
    this.#limit = limits.maxPacketSize;
    this.throttle = Throttle.of(reports, this.session!.clientId, limits);
    // It may wait for an earlier rate.
    this.#pause?.skip();
  }

  /**
   * Sends a PUBLISH.
   *
   * @returns Whether it was sent; else the message is counted as dropped.
   */
  sendPublish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[],
  ): boolean {
    const { publishes } = this;
    if (
      !publishes.write(message, qos, retain, dup, packetId, identifiers)
    ) return false;
    if (this.output.size > HIGH_WATER) this.slowPublishers();
    if (observesPublish(this.core)) {
      observePublish(this, message, qos, retain, dup, packetId, identifiers);
    }
    return true;
  }

  /** Passes on packets as they are; `publishes.takesRun` has allowed it. */
  sendRun(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.publishes.writeRun(bytes, start, end, count);
    if (this.output.size > HIGH_WATER) this.slowPublishers();
  }

  /**
   * Sends any packet but PUBLISH and its acknowledgements.
   *
   * @returns Whether the client takes a packet of that size [MQTT-3.1.2-24].
   */
  send(packet: Packet): boolean {
    if (!this.append(packet)) return false;
    observeSent(this, packet, this.session);
    return true;
  }

  /** Has the publisher of the present message wait until this client has caught up. */
  slowPublishers(): void {
    this.#relief ??= new Relief(this.core.clock);
    if (!this.#relief.stalled) this.core.congestion = this.#relief;
  }

  /** The client has acknowledged or read something. */
  eased(): void {
    if (this.#relief === undefined || this.output.size > LOW_WATER) return;
    if (this.session?.usedOutbox?.congested) return;
    this.#relief.caughtUp();
  }

  /**
   * Ends the connection; a client of MQTT 5 is told why.
   *
   * @param reasonCode The reason; absent: none is sent.
   * @param sendWill Whether the will is to be sent. Default: `true`.
   * @param reasonString Text for the client.
   */
  end(reasonCode?: number, sendWill = true, reasonString?: string): void {
    // A plugin that is told of messages, or asked, may try to end it, too.
    this.core.received.tell(this);
    if (this.phase === "closed" || this.#ending) return;
    const { session } = this;
    let farewell: Packet | undefined;
    if (reasonCode !== undefined && session !== null) {
      this.#ending = true;
      const end = { byClient: false, reasonCode, reasonString, sendWill };
      const last = interceptDisconnect(this.core, { session, ...end });
      sendWill = last.sendWill;
      if (this.version === 5) {
        farewell = sayWhy(this, last.reasonCode, last.reasonString);
      }
    }
    this.#leave(sendWill);
    const close = (): void => this.transport.close();
    this.#deadline = this.core.clock.schedule(LINGER, close);
    this.output.end();
    // Last: a plugin that sees the packet may publish, and nothing may follow it.
    if (farewell !== undefined) observeSent(this, farewell, session);
  }

  /** Ends the connection without another word. */
  drop(why: string): void {
    this.core.received.tell(this);
    if (this.phase === "closed") return;
    this.core.logger.debug("Connection closed", {
      clientId: this.session?.clientId,
      peer: this.peer,
      why,
    });
    this.#leave(true);
    this.output.close();
    this.transport.close();
  }

  drained(): void {
    if (this.session === null) return;
    this.session.usedOutbox?.pump();
    this.eased();
  }

  behind(): void {
    (this.#sendWatch ??= new SendWatch(this)).begin();
  }

  wrote(bytes: number): void {
    this.core.stats.bytesSent += bytes;
  }

  finished(error: unknown): void {
    const { transport } = this;
    if (this.phase !== "closed") this.drop(String(error));
    else if (error !== undefined || transport.closeWrite === undefined) {
      transport.close();
    } else transport.closeWrite().catch(() => transport.close());
  }

  /** Handles the frames that have arrived; a promise says what must be waited for first. */
  #process(input: Input): Promise<void> | undefined {
    const { core } = this;
    const { bytes } = input;
    for (let count = 1; this.phase !== "closed"; count++) {
      const { start, end } = input;
      if (end - start < 2) break;
      const size = frameSize(bytes, start, end, this.#limit);
      if (size === 0) break;
      if (start + size > end) {
        if (this.phase === "connect") expectConnect(bytes[start]);
        input.expect(core.memory.admit(size));
        break;
      }
      if (this.throttle !== undefined) {
        const delay = this.throttle.take(size, bytes[start] >> 4 === 3);
        if (delay > 0) return this.wait(delay);
      }
      input.start = start + size;
      core.stats.packetsReceived++;
      // What a timer or a plugin has filled is not this client's doing.
      core.congestion = null;
      let wait = handleFrame(this, bytes, start, start + size) ?? this.relief();
      // What was read at once may take long to handle.
      if (count % 16 === 0) wait ??= core.turns.pauseIfLong(this.#lastSeen);
      if (wait !== undefined) return wait;
    }
  }

  /** Waits, but no longer than the connection lasts; `milliseconds` is how long. */
  wait(milliseconds: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return (this.#pause ??= new Pause(this.core.clock)).wait(milliseconds);
  }

  /** What to wait for if the message that was just delivered has met a full receiver. */
  relief(): Promise<void> | undefined {
    return awaitRelief(this.core, this.#relief);
  }

  #leave(sendWill: boolean): void {
    const { session } = this;
    this.phase = "closed";
    this.#deadline?.cancel();
    this.#relief?.caughtUp();
    this.#sendWatch?.end();
    this.#pause?.end();
    this.session = null;
    if (session !== null) this.core.sessions.detach(session, sendWill);
    // A plugin may be thinking about what it sent, and nobody needs the answer.
    this.input.abandon();
  }

  /** Sends a packet that plugins are not told of; says whether the client takes one of that size. */
  append(packet: Packet): boolean {
    const bytes = encode(packet, this.version);
    if (bytes.length > this.publishes.maxPacketSize) return false;
    this.output.append(bytes);
    this.core.stats.packetsSent++;
    return true;
  }
}
