/** The commands as a person runs them: with a process for each. */

import { assertEquals } from "@std/assert";
import { startBroker } from "../../_client.ts";
import { withFolder } from "../_folder.ts";
import { deno, MOD, Process, run } from "../_process.ts";

Deno.test("aMQTT 49: pub -l -f passes two lines to sub -n 2", async () => {
  await withFolder(async (folder) => {
    await using broker = await startBroker();
    const url = `mqtt://127.0.0.1:${broker.listeners[0].port}`;
    await Deno.writeTextFile(`${folder}/lines`, "first line\nsecond line\n");
    const child = deno(
      ...["run", "-A", MOD, "sub", "--url", url, "-t", "t", "-n", "2", "-d"],
    ).spawn();
    const [stderr, rest] = child.stderr.tee();
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      if (text.includes("received SUBACK")) break;
    }
    const sent = await run(
      ...["pub", "--url", url, "-t", "t", "-l", "-f", `${folder}/lines`],
    );
    assertEquals(sent, { code: 0, stdout: "", stderr: "" });
    const [stdout, { code }] = await Promise.all([
      new Response(child.stdout).text(),
      child.status,
      rest.cancel(),
    ]);
    assertEquals([code, stdout], [0, "first line\nsecond line\n"]);
  });
});

Deno.test({
  name: "sub ends with code 0 at SIGINT, and pub when its input does",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using broker = await startBroker();
    const to = [
      ...["-h", "127.0.0.1", "-p", `${broker.listeners[0].port}`, "-t", "t"],
    ];
    await using sub = new Process(
      deno("run", "-A", MOD, "sub", ...to, "-d"),
    );
    await sub.until("received SUBACK");
    const pub = new Deno.Command("sh", {
      args: [
        "-c",
        `printf 'one\\ntwo\\n' | '${Deno.execPath()}' run -A '${MOD}' pub ${
          to.join(" ")
        } -l`,
      ],
    });
    assertEquals((await pub.output()).code, 0);
    await sub.until("received PUBLISH t (QoS 0, 3 bytes)");
    sub.kill("SIGINT");
    assertEquals(await sub.code(), 0);
  },
});
