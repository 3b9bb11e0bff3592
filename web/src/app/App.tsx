import { createQueryClient } from "@chairtime/client/react";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { BrowserRouter } from "react-router";
import { startI18n } from "./i18n";
import { firstTexts, Routes } from "./Routes";
import { ClientProvider } from "./session/ClientProvider";
import { SessionProvider } from "./session/SessionProvider";
import { theme, variables } from "./theme";

startI18n(firstTexts);

const cache = createQueryClient();

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={cache}>
        <Suspense>
          <SessionProvider>
            <ClientProvider>
              <BrowserRouter>
                <Routes />
              </BrowserRouter>
            </ClientProvider>
          </SessionProvider>
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}
