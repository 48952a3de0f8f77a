import type { ComponentProps } from "react";

import { Field } from "../components/Form";

/** A field for a new password, with the rules of the user pool (infra/cognito.tf). */
export function NewPasswordField({ label, autoFocus }: Pick<ComponentProps<typeof Field>, "label" | "autoFocus">) {
  return (
    <Field
      label={label}
      name="password"
      type="password"
      autoComplete="new-password"
      hint="At least 12 characters, with an upper-case letter, a lower-case letter, a digit and a symbol."
      autoFocus={autoFocus}
      required
    />
  );
}
