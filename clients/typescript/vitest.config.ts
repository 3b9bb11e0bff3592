import { defineConfig } from "vitest/config";

const stack = process.env.CHAIRTIME_API !== undefined;

/** Unit tests, or, where an API is named, the tests against it (tests/clients/test_typescript.py). */
export default defineConfig({
  test: {
    include: [stack ? "tests/stack/**/*.test.{ts,tsx}" : "tests/unit/**/*.test.{ts,tsx}"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
