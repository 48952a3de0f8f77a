import { confirmSignUp, resendSignUpCode } from "aws-amplify/auth";

import { getText } from "../components/Form";
import { CodeForm } from "./CodeForm";

interface ConfirmFormProps {
  email: string;
  /** The masked address to which the code was sent. */
  destination?: string | undefined;
  onConfirmed: () => void;
}

export function ConfirmForm({ email, destination = email, onConfirmed }: ConfirmFormProps) {
  async function submit(data: FormData) {
    await confirmSignUp({ username: email, confirmationCode: getText(data, "code") });
    onConfirmed();
  }

  return (
    <CodeForm
      submitLabel="Confirm"
      onSubmit={submit}
      onResend={() => resendSignUpCode({ username: email })}
      intro={
        <p>
          Enter the code that was sent to <bdi>{destination}</bdi>.
        </p>
      }
    />
  );
}
