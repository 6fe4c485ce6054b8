/** An npm registry on loopback that has one package of one file. */

import { createHash } from "node:crypto";

/** A package as it is published. */
export interface NpmPackage {
  /** Name with its scope: `@acme/plugin`. */
  readonly name: string;
  /** Version. */
  readonly version: string;
  /** The text of `index.js`, an ES module. */
  readonly source: string;
}

/** Makes the handler of the registry's server. */
export async function npmRegistry(
  { name, version, source }: NpmPackage,
): Promise<(request: Request) => Response> {
  const about = { name, version, type: "module", exports: "./index.js" };
  const tarball = await gzip(
    tar({
      "package/package.json": JSON.stringify(about),
      "package/index.js": source,
    }),
  );
  const digest = createHash("sha512").update(tarball).digest("base64");
  return (request) => {
    const { origin, pathname } = new URL(request.url);
    const path = decodeURIComponent(pathname);
    if (path === `/${name}`) {
      const dist = {
        tarball: `${origin}/${name}/-/${version}.tgz`,
        integrity: `sha512-${digest}`,
      };
      return Response.json({
        name,
        "dist-tags": { latest: version },
        versions: { [version]: { ...about, dist } },
      });
    }
    return path === `/${name}/-/${version}.tgz`
      ? new Response(tarball)
      : new Response(null, { status: 404 });
  };
}

/** An archive in the format that POSIX calls ustar. */
function tar(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const blocks: Uint8Array[] = [];
  for (const [path, text] of Object.entries(files)) {
    const content = encoder.encode(text);
    const header = new Uint8Array(512);
    const put = (at: number, field: string) =>
      header.set(encoder.encode(field), at);
    put(0, path);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, `${octal(content.length, 11)}\0`);
    put(136, `${octal(0, 11)}\0`);
    // The sum is taken as if its own field were blank.
    put(148, " ".repeat(8));
    put(156, "0");
    put(257, "ustar\x0000");
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(148, `${octal(sum, 6)}\0 `);
    const padded = new Uint8Array(Math.ceil(content.length / 512) * 512);
    padded.set(content);
    blocks.push(header, padded);
  }
  blocks.push(new Uint8Array(1024));
  const whole = new Uint8Array(
    blocks.reduce((total, block) => total + block.length, 0),
  );
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
