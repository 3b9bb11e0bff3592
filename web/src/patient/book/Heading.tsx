import { Title } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./Book.module.css";

/** The heading of what an action brought: it takes the focus, so that nobody has to look for it. */
export function Heading({ id, children }: { id: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, []);
  return (
    <Title
      order={2}
      size="h3"
      id={id}
      ref={heading}
      tabIndex={-1}
      className={classes.heading ?? ""}
    >
      {children}
    </Title>
  );
}
