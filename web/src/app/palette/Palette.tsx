import "@mantine/spotlight/styles.css";
import { Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { palette, selectFirst } from "./store";
import { useFound } from "./useFound";

/** Where an item is selected, Spotlight's own opacity leaves less contrast than 4.5:1. */
const DESCRIBED = { actionDescription: { opacity: 1 } };

/** Finds pages, people and bookings by what is typed. */
export default function Palette() {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const { found, failed, of } = useFound(query);
  const isBehind = of !== query.trim();
  const wanted = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is found is in the document
  useEffect(selectFirst, [found]);
  useEffect(() => {
    if (isBehind || !wanted.current) return;
    wanted.current = false;
    const first = found[0]?.items[0];
    if (!first) return;
    palette.close();
    first.run();
  }, [isBehind, found]);

  /** Enter opens what is found for the words as they are, once it is. */
  function press(event: KeyboardEvent) {
    wanted.current = isBehind && event.key === "Enter";
    if (!wanted.current) return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <Spotlight.Root
      store={palette.store}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      scrollable
      maxHeight={420}
      aria-label={t("palette.title")}
      styles={DESCRIBED}
    >
      <Spotlight.Search
        onKeyDownCapture={press}
        placeholder={t("palette.placeholder")}
        aria-label={t("palette.placeholder")}
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {found.map(({ name, items }) => (
          <Spotlight.ActionsGroup key={name} label={name}>
            {items.map((item) => (
              <Spotlight.Action
                key={item.id}
                label={item.label}
                {...(item.description ? { description: item.description } : {})}
                onClick={item.run}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {found.length === 0 && (
          <Spotlight.Empty>{failed ? t("palette.failed") : t("palette.nothing")}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
