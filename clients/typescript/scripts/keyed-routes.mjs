// Writes the routes of openapi.json that take an Idempotency-Key, so that the client can repeat them.
import { readFileSync, writeFileSync } from "node:fs";

const [source, target] = process.argv.slice(2);
const { paths } = JSON.parse(readFileSync(source, "utf8"));
const routes = [];
for (const [path, operations] of Object.entries(paths)) {
  for (const [method, { parameters = [] }] of Object.entries(operations)) {
    if (parameters.some(({ name }) => name === "Idempotency-Key")) {
      routes.push(`${method.toUpperCase()} ${path}`);
    }
  }
}
const lines = routes.sort().map((route) => `  ${JSON.stringify(route)},`);
writeFileSync(
  target,
  `/** The routes that take an Idempotency-Key; generated from openapi.json. */
export const KEYED_ROUTES: readonly string[] = [\n${lines.join("\n")}\n];\n`,
);
