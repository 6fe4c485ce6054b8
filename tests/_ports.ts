/** Ports for servers that cannot choose one of their own, and for nobody. */

/**
 * A port of 127.0.0.1 on which nobody listens. It is below those that systems give
 * out of their own, so that no other test that runs meanwhile gets it by chance.
 */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
