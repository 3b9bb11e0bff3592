import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";

/** The theme that is not shown now, and the switch to it. */
export function useOtherTheme(): ["light" | "dark", () => void] {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "light" ? "dark" : "light";
  return [other, () => setColorScheme(other)];
}
