/**
 * The flags that `pub` and `sub` share: where the broker is, who the client is.
 *
 * @module
 */

import type { FlagValues } from "../flags.ts";
import { propertyWords } from "./properties.ts";

/** The flags, after those of the command itself. */
export const CONNECTION_FLAGS = {
  host: {
    heading: "The broker",
    short: "h",
    value: "HOST",
    help: "Name or address. Default: localhost",
  },
  port: {
    short: "p",
    value: "PORT",
    help: "Default: 1883, with TLS 8883, with WebSocket 8083, with both 8084",
  },
  url: {
    short: "L",
    value: "URL",
    help: `All of it: mqtt://USER:PASSWORD@HOST:PORT/TOPIC, or mqtts; or ws and
      wss, with the path of the server at the end`,
  },
  unix: { value: "PATH", help: "Connect through a Unix socket" },
  ws: { value: "PATH", help: "Connect through WebSocket, as in --ws /mqtt" },
  "extra-headers": {
    value: "JSON",
    help: "HTTP headers of the WebSocket, an object of texts",
  },
  "config-file": {
    value: "FILE",
    help: "A configuration file of aMQTT's client; flags win over it",
  },
  id: {
    heading: "The client",
    short: "i",
    also: ["client-id"],
    value: "ID",
    help: "Client identifier. Default: a random one",
  },
  username: { short: "u", value: "NAME", help: "User name" },
  pw: {
    short: "P",
    also: ["password"],
    value: "PASSWORD",
    help: `Password. Others on this machine can see it: better set
      DINOMQ_PASSWORD in the environment`,
  },
  keepalive: {
    short: "k",
    also: ["keep-alive"],
    value: "SECONDS",
    help: "Keep alive, 0 for none. Default: 60",
  },
  "disable-clean-session": {
    short: "c",
    help: "Keep the session when the connection ends; needs --id",
  },
  "clean-session": {
    help: "Begin with a new session and end it; the default without -c",
  },
  "protocol-version": {
    short: "V",
    value: "VERSION",
    help: `mqttv31, mqttv311 or mqttv5; also 31, 311, 5. Default: mqttv311,
      but mqttv5 with -D or -x`,
  },
  "session-expiry-interval": {
    short: "x",
    value: "SECONDS",
    help: `How long the session is kept (MQTT 5); -1 is for ever, the default
      with -c`,
  },
  property: {
    short: "D",
    value: "PACKET NAME VALUE",
    words: propertyWords as (following: readonly string[]) => number,
    help: `A property of MQTT 5, as in -D publish content-type text/plain;
      user-property takes a name and a value. Repeatable`,
  },
  "will-topic": {
    value: "TOPIC",
    help: "Where the broker publishes the will if the connection is lost",
  },
  "will-payload": {
    also: ["will-message"],
    value: "TEXT",
    help: "Payload of the will. Default: empty",
  },
  "will-qos": { value: "QOS", help: "QoS of the will. Default: 0" },
  "will-retain": { help: "The will is retained" },
  tls: {
    heading: "TLS",
    also: ["tls-use-os-certs"],
    help: "Use TLS and trust the usual authorities; so does port 8883",
  },
  cafile: {
    also: ["ca-file"],
    value: "FILE",
    help: "Use TLS and trust the authorities of this file",
  },
  capath: {
    also: ["ca-path"],
    value: "FOLDER",
    help: "The same with the .pem, .crt and .cer files of a folder",
  },
  cadata: { also: ["ca-data"], value: "PEM", help: "The same with a text" },
  cert: { value: "FILE", help: "The client's certificate, PEM" },
  key: { value: "FILE", help: "Its private key, PEM" },
  insecure: {
    help: "Accept a certificate that is for another host",
  },
  debug: { heading: "Other", short: "d", help: "Show the packets" },
  quiet: { help: "Show no errors; the exit code tells" },
} as const;

/** What the flags say. */
export type ConnectionFlags = FlagValues<typeof CONNECTION_FLAGS>;
