import { type ReactNode, useLayoutEffect, useState } from "react";
import { createPortal } from "react-dom";

export const SLOT_ID = "header-slot";

/** Shows its children in the header: the controls of the page, such as the day. */
export function HeaderSlot({ children }: { children: ReactNode }) {
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  useLayoutEffect(() => setSlot(document.getElementById(SLOT_ID)), []);
  return slot && createPortal(children, slot);
}
