import { confirmResetPassword, resetPassword } from "aws-amplify/auth";
import { useState } from "react";

import { Field, Form, getText } from "../components/Form";

interface ResetPasswordFormProps {
  email?: string | undefined;
  onReset: (email: string) => void;
}

/** Sends a code, then sets a new password with it. */
export function ResetPasswordForm({ email, onReset }: ResetPasswordFormProps) {
  const [username, setUsername] = useState("");

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
      <Form key="email" submitLabel="Send a code" onSubmit={requestCode}>
        <Field label="Email" name="email" type="email" autoComplete="username" defaultValue={email} required />
      </Form>
    );
  }
  return (
    <Form key="password" submitLabel="Set the password" onSubmit={setPassword}>
      <p>
        If <bdi>{username}</bdi> has an account, a code was sent to it.
      </p>
      <Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" required />
      <Field
        label="New password"
        name="password"
        type="password"
        autoComplete="new-password"
        hint="At least 12 characters, with an upper-case letter, a lower-case letter, a digit and a symbol."
        required
      />
    </Form>
  );
}
