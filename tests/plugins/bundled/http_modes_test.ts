/** The modes of `auth_http` and `topic_http`, as aMQTT's own tests have them. */

import { assert, assertEquals } from "@std/assert";
import AuthHttp, { type AuthHttpOptions } from "../../../plugins/auth_http.ts";
import TopicHttp, {
  type TopicHttpOptions,
} from "../../../plugins/topic_http.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  topicEvent,
} from "./_context.ts";
import { HttpServer, type Reply, type SeenRequest } from "./_http_server.ts";

const METHODS = ["get", "post", "put"] as const;
const PARAMS = ["json", "form"] as const;
const RESPONSES = ["status", "json", "text"] as const;
type Expected = boolean | undefined;

/** The parameters, read from where the mode says that they are. */
function parametersOf(
  request: SeenRequest,
  params: typeof PARAMS[number],
): Record<string, unknown> {
  if (params === "json") {
    assertEquals(request.headers["content-type"], "application/json");
    return JSON.parse(request.body);
  }
  if (request.method === "GET") {
    assertEquals(request.body, "");
    return Object.fromEntries(request.query);
  }
  assertEquals(
    request.headers["content-type"],
    "application/x-www-form-urlencoded",
  );
  return Object.fromEntries(new URLSearchParams(request.body));
}

function reply(response: typeof RESPONSES[number], answer: unknown): Reply {
  switch (response) {
    case "status":
      return { status: answer === "yes" ? 204 : answer === "no" ? 403 : 500 };
    case "json": {
      const ok = answer === "yes" ? true : answer === "no" ? false : null;
      return { body: JSON.stringify({ Ok: ok }) };
    }
    case "text":
      return { body: answer === "yes" ? "OK" : "error" };
  }
}

const OUTCOMES: ReadonlyArray<[answer: string, expected: Expected]> = [
  ["yes", true],
  ["no", false],
  ["nothing", undefined],
];

for (const method of METHODS) {
  for (const params of PARAMS) {
    for (const response of RESPONSES) {
      const mode = `${method}, ${params}, ${response}`;
      const modes = {
        requestMethod: method,
        paramsMode: params,
        responseMode: response,
      };
      const outcomes = OUTCOMES.map(([answer, expected]) =>
        [answer, response === "text" ? expected === true : expected] as const
      );

      Deno.test(`aMQTT 40: auth_http: ${mode}`, async () => {
        await using server = await HttpServer.start((request) => {
          assertEquals(request.method, method.toUpperCase());
          assertEquals(request.path, "/user");
          const { password, ...rest } = parametersOf(request, params);
          assertEquals(rest, { username: "ali ce&", client_id: "client-1" });
          return reply(response, password);
        });
        const config = await checkedOptions<AuthHttpOptions>(AuthHttp, {
          ...server.address,
          ...modes,
        });
        const { context } = fakeContext(config);
        const plugin = new AuthHttp(context);
        for (const [answer, expected] of outcomes) {
          const session = fakeSession({
            username: "ali ce&",
            password: new TextEncoder().encode(answer),
          });
          assertEquals(await plugin.authenticate({ session }), expected);
        }
        plugin.close();
        assertEquals(server.requests.length, 3);
      });

      Deno.test(`aMQTT 40: topic_http: ${mode}`, async () => {
        const accesses: number[] = [];
        await using server = await HttpServer.start((request) => {
          assertEquals(request.method, method.toUpperCase());
          assertEquals(request.path, "/acl");
          const { topic, acc, ...rest } = parametersOf(request, params);
          assertEquals(rest, { username: "alice", client_id: "client-1" });
          accesses.push(Number(acc));
          return reply(response, topic);
        });
        const config = await checkedOptions<TopicHttpOptions>(TopicHttp, {
          ...server.address,
          ...modes,
        });
        const { context } = fakeContext(config);
        const plugin = new TopicHttp(context);
        for (const action of ["receive", "publish", "subscribe"] as const) {
          for (const [answer, expected] of outcomes) {
            const event = topicEvent(action, "alice", answer);
            assertEquals(await plugin.topicFiltering(event), expected);
          }
        }
        plugin.close();
        assertEquals(accesses, [1, 1, 1, 2, 2, 2, 4, 4, 4]);
        assert(accesses.every((acc) => acc >= 1 && acc <= 4));
      });
    }
  }
}
