import { useState, type ReactNode } from "react";

import { Alert } from "../components/Alert";
import { Field, Form } from "../components/Form";
import { useRequest } from "../session";

interface CodeFormProps {
  submitLabel: string;
  onSubmit: (data: FormData) => Promise<void>;
  onResend: () => Promise<unknown>;
  /** The text above the form: where the code was sent. */
  intro: ReactNode;
  /** The fields after the code. */
  children?: ReactNode;
}

/** A form with a code that was sent to the user, and that can be sent again. */
export function CodeForm({ submitLabel, onSubmit, onResend, intro, children }: CodeFormProps) {
  const { run, isBusy, failure } = useRequest();
  const [resends, setResends] = useState(0);

  async function resend() {
    await onResend();
    setResends((count) => count + 1);
  }

  const resendButton = (
    <button type="button" className="secondary" aria-disabled={isBusy} onClick={() => run(resend)}>
      Send a new code
    </button>
  );
  return (
    <>
      {intro}
      <Alert failure={failure} />
      <p role="status">{resends > 0 && !isBusy && "A new code was sent."}</p>
      {/* The key removes the old code and its error. */}
      <Form key={resends} submitLabel={submitLabel} onSubmit={onSubmit}>
        <Field
          label="Code"
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus={resends > 0}
          required
        />
        {children}
      </Form>
      <p className="links">{resendButton}</p>
    </>
  );
}
