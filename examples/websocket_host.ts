/**
 * MQTT over WebSocket under `/mqtt` of a web server that is there already:
 * `deno run -A examples/websocket_host.ts`.
 */

import { Broker, webSocketTransport } from "@dinomq/broker";

const broker = new Broker({
  listeners: { external: { type: "external" } },
  plugins: [{ auth_anonymous: { allowAnonymous: true } }],
});
await broker.start();

Deno.serve({ hostname: "127.0.0.1", port: 8080 }, (request, info) => {
  if (new URL(request.url).pathname !== "/mqtt") {
    return new Response("MQTT is at /mqtt\n");
  }
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("This is for WebSocket\n", { status: 426 });
  }
  // The address is only there before the upgrade.
  const peer = {
    address: info.remoteAddr.hostname,
    port: info.remoteAddr.port,
  };
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: "mqtt",
    idleTimeout: 0,
  });
  broker.handleTransport(webSocketTransport(socket, peer), {
    listener: "external",
  });
  return response;
});
