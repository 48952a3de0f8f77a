import { confirmSignIn, signIn, signOut, type SignInOutput } from "aws-amplify/auth";
import { useState } from "react";

import { Field, Form, getText } from "../components/Form";

interface SignInFormProps {
  email?: string | undefined;
  /** Signs the present user in again, with the same email address. */
  isRepeated?: boolean;
  onSignedIn: () => void;
  onUnconfirmed?: (email: string) => void;
  onCancel?: () => void;
}

/** Asks for the password and, if the user has an authenticator app, for its code. */
export function SignInForm({ email, isRepeated = false, onSignedIn, onUnconfirmed, onCancel }: SignInFormProps) {
  const [needsCode, setNeedsCode] = useState(false);

  async function submitPassword(data: FormData) {
    const username = getText(data, "email");
    if (isRepeated) await signOut(); // Amplify rejects a sign-in while a user is signed in
    handleStep(await signIn({ username, password: data.get("password") as string }), username);
  }

  async function submitCode(data: FormData) {
    handleStep(await confirmSignIn({ challengeResponse: getText(data, "code") }));
  }

  function handleStep({ isSignedIn, nextStep }: SignInOutput, username = "") {
    if (isSignedIn) onSignedIn();
    else if (nextStep.signInStep === "CONFIRM_SIGN_IN_WITH_TOTP_CODE") setNeedsCode(true);
    else if (nextStep.signInStep === "CONFIRM_SIGN_UP" && onUnconfirmed) onUnconfirmed(username);
    else throw new Error(`This app does not support the sign-in step ${nextStep.signInStep}.`);
  }

  const cancelButton = onCancel && (
    <button type="button" className="secondary" onClick={onCancel}>
      Cancel
    </button>
  );
  if (needsCode) {
    return (
      <Form key="code" submitLabel="Continue" onSubmit={submitCode} actions={cancelButton}>
        <Field
          label="Code"
          name="code"
          hint="From your authenticator app."
          inputMode="numeric"
          autoComplete="one-time-code"
          required
        />
      </Form>
    );
  }
  return (
    <Form key="password" submitLabel="Sign in" onSubmit={submitPassword} actions={cancelButton}>
      <Field
        label="Email"
        name="email"
        type="email"
        autoComplete="username"
        defaultValue={email}
        readOnly={isRepeated}
        required
      />
      <Field label="Password" name="password" type="password" autoComplete="current-password" required />
    </Form>
  );
}
