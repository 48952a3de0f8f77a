// Messages that need the attention of the user.
import { useEffect, useRef, type ReactNode } from "react";

import { formatRule, type Failure } from "../errors";

/** A message with links or buttons. It takes the focus when it appears and when its subject changes. */
export function FocusedAlert({ subject, children }: { subject?: unknown; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [subject]);
  return (
    <div ref={box} role="alert" tabIndex={-1} className="alert">
      {children}
    </div>
  );
}

/** The failure of a request that is not sent by a form. */
export function Alert({ failure }: { failure: Failure | null }) {
  if (!failure) return null;
  const rules = Object.entries(failure.fields).map(([name, rule]) => formatRule(name, rule));
  return (
    <p role="alert" className="alert">
      {rules.join(" ") || failure.message}
    </p>
  );
}
