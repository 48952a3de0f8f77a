import { confirmResetPassword, resetPassword } from "aws-amplify/auth";
import { useState } from "react";

import { Field, Form, getText } from "../components/Form";
import { CodeForm } from "./CodeForm";
import { NewPasswordField } from "./NewPasswordField";

interface ResetPasswordFormProps {
  email?: string | undefined;
  /** A code was sent to the email address already. */
  isCodeSent?: boolean | undefined;
  onReset: (email: string) => void;
}

/** Sends a code, then sets a new password with it. */
export function ResetPasswordForm({ email = "", isCodeSent = false, onReset }: ResetPasswordFormProps) {
  const [username, setUsername] = useState(isCodeSent ? email : "");

  async function requestCode(data: FormData) {
    const entered = getText(data, "email");
    await resetPassword({ username: entered });
    setUsername(entered);
  }

  async function setPassword(data: FormData) {
    await confirmResetPassword({
      username,
      confirmationCode: getText(data, "code"),
      newPassword: data.get("password") as string,
    });
    onReset(username);
  }

  if (!username) {
    return (
      <Form submitLabel="Send a code" onSubmit={requestCode}>
        <Field label="Email" name="email" type="email" autoComplete="username" defaultValue={email} required />
      </Form>
    );
  }
  return (
    <CodeForm
      submitLabel="Set the password"
      onSubmit={setPassword}
      onResend={() => resetPassword({ username })}
      intro={
        <p>
          If <bdi>{username}</bdi> has an account, a code was sent to it.
        </p>
      }
    >
      <NewPasswordField label="New password" />
    </CodeForm>
  );
}
