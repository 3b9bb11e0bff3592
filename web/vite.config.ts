import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig, loadEnv } from "vite";

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
    },
    server: {
      port: 5173,
      proxy: Object.fromEntries(
        ["/api", "/health", "/version", "/docs", "/openapi.json"].map((path) => [path, api]),
      ),
    },
  };
});
