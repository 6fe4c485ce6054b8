import { assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { certificateUris } from "../../broker/transport/certificate_uris.ts";
import { makeCertificates, makeClientCertificate } from "../_certificates.ts";
import { checkProperty } from "../_property.ts";

/** The certificate in DER form. */
function der(pem: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem).raw);
}

Deno.test("certificateUris() reads the URIs, and takes nothing else for one", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { client, server, ca } = await makeCertificates(dir);
    assertEquals(certificateUris(der(client.cert)), [
      "spiffe://example.org/device/1",
    ]);
    assertEquals(certificateUris(der(server.cert)), []);
    assertEquals(certificateUris(der(ca.cert)), []);
    const long = `spiffe://example.org/device/${"x".repeat(300)}`;
    const { cert } = await makeClientCertificate(
      dir,
      "many",
      [
        "keyUsage=critical,digitalSignature",
        "subjectAltName=critical,@names",
        "[names]",
        "DNS.1=x, URI:spiffe://example.org/device/evil",
        "email.1=a@b.c",
        "URI.1=spiffe://example.org/device/a, b",
        `URI.2=${long}`,
        "IP.1=127.0.0.1",
      ].join("\n"),
    );
    const bytes = der(cert);
    assertEquals(certificateUris(bytes), [
      "spiffe://example.org/device/a, b",
      long,
    ]);
    // Whatever is left of it, or changed: no exception, and no end of time.
    const whole = certificateUris(bytes).length;
    for (let end = 0; end < bytes.length; end++) {
      const part = certificateUris(bytes.subarray(0, end));
      assertEquals(part.length <= whole, true);
    }
    checkProperty(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.nat(255),
        fc.uint8Array({ maxLength: 64 }),
        (at, byte, noise) => {
          const changed = bytes.slice();
          changed[at] = byte;
          certificateUris(changed);
          assertEquals(certificateUris(noise), []);
        },
      ),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
