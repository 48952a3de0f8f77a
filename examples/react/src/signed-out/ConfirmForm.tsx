import { confirmSignUp, resendSignUpCode } from "aws-amplify/auth";
import { useState } from "react";

import { Alert } from "../components/Alert";
import { Field, Form, getText } from "../components/Form";
import { useRequest } from "../session";

interface ConfirmFormProps {
  email: string;
  /** The masked address to which the code was sent. */
  destination?: string | undefined;
  onConfirmed: () => void;
}

export function ConfirmForm({ email, destination = email, onConfirmed }: ConfirmFormProps) {
  const { run, isBusy, failure } = useRequest();
  const [isResent, setResent] = useState(false);

  async function submit(data: FormData) {
    await confirmSignUp({ username: email, confirmationCode: getText(data, "code") });
    onConfirmed();
  }

  async function resend() {
    setResent(false);
    await resendSignUpCode({ username: email });
    setResent(true);
  }

  const resendButton = (
    <button type="button" className="secondary" aria-disabled={isBusy} onClick={() => run(resend)}>
      Send a new code
    </button>
  );
  return (
    <>
      <p>
        Enter the code that was sent to <bdi>{destination}</bdi>.
      </p>
      <Alert failure={failure} />
      <p role="status">{isResent && "A new code was sent."}</p>
      <Form submitLabel="Confirm" onSubmit={submit} actions={resendButton}>
        <Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" required />
      </Form>
    </>
  );
}
