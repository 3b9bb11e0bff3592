import react from "@vitejs/plugin-react";
import { defaultClientConditions, loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  const api = loadEnv(mode, ".", "CHAIRTIME_").CHAIRTIME_API ?? "http://127.0.0.1:8000";
  return {
    plugins: [react()],
    resolve: { conditions: ["chairtime-source", ...defaultClientConditions] },
    build: {
      outDir: "../api/web/dist",
      emptyOutDir: true,
      target: "es2022",
      sourcemap: false,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 600,
      // Every page shows the shell, so one file has it, with all that it needs.
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [{ name: "app", test: /\/src\/(main|app\/shell\/Shell)\.tsx$/ }],
          },
        },
      },
    },
    test: { testTimeout: 60_000 },
    server: {
      port: 5173,
      proxy: Object.fromEntries(
        ["/api", "/health", "/version", "/docs", "/openapi.json"].map((path) => [path, api]),
      ),
    },
  };
});
