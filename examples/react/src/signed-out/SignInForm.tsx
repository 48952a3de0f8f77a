import { confirmSignIn, resetPassword, signIn, type SignInOutput } from "aws-amplify/auth";
import { useState, type ReactNode } from "react";

import { Field, Form, getText } from "../components/Form";
import { signInAgain } from "../tokens";
import { NewPasswordField } from "./NewPasswordField";

interface SignInFormProps {
  email?: string | undefined;
  /** Signs the present user in again, with the same email address. */
  isRepeated?: boolean;
  onSignedIn: () => void;
  onUnconfirmed?: (email: string) => void;
  /** The user must set a new password. A code was sent to the email address. */
  onResetRequired?: (email: string) => void;
  onCancel?: () => void;
}

/** Prompts for the password and, if Cognito requires it, for the code of an authenticator app or a new password. */
export function SignInForm({ email, isRepeated, onSignedIn, onCancel, ...next }: SignInFormProps) {
  const [step, setStep] = useState<"password" | "code" | "new-password">("password");

  async function submitPassword(data: FormData) {
    const username = getText(data, "email");
    const input = { username, password: data.get("password") as string };
    await handleStep(await (isRepeated ? signInAgain(input) : signIn(input)), username);
  }

  async function submitChallenge(response: string) {
    await handleStep(await confirmSignIn({ challengeResponse: response }));
  }

  async function handleStep({ isSignedIn, nextStep: { signInStep } }: SignInOutput, username = "") {
    if (isSignedIn) onSignedIn();
    else if (signInStep === "CONFIRM_SIGN_IN_WITH_TOTP_CODE") setStep("code");
    else if (signInStep === "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED") setStep("new-password");
    else if (signInStep === "CONFIRM_SIGN_UP" && next.onUnconfirmed) next.onUnconfirmed(username);
    else if (signInStep === "RESET_PASSWORD" && next.onResetRequired) {
      await resetPassword({ username });
      next.onResetRequired(username);
    } else if (signInStep === "RESET_PASSWORD") throw new Error("Sign out, then set a new password.");
    else throw new Error(`This app does not support the sign-in step ${signInStep}.`);
  }

  const cancelButton = onCancel && (
    <button type="button" className="secondary" onClick={onCancel}>
      Cancel
    </button>
  );
  if (step === "code") {
    return <CodeForm onSubmit={(data) => submitChallenge(getText(data, "code"))} actions={cancelButton} />;
  }
  if (step === "new-password") {
    return (
      <NewPasswordForm
        onSubmit={(data) => submitChallenge(data.get("password") as string)}
        actions={cancelButton}
      />
    );
  }
  return (
    <Form submitLabel="Sign in" onSubmit={submitPassword} actions={cancelButton}>
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

interface ChallengeFormProps {
  onSubmit: (data: FormData) => Promise<void>;
  actions: ReactNode;
}

function CodeForm(props: ChallengeFormProps) {
  return (
    <Form submitLabel="Continue" {...props}>
      <Field
        label="Code"
        name="code"
        hint="From your authenticator app."
        inputMode="numeric"
        autoComplete="one-time-code"
        autoFocus
        required
      />
    </Form>
  );
}

/** The form of a user whom an administrator has invited with a temporary password. */
function NewPasswordForm(props: ChallengeFormProps) {
  return (
    <Form submitLabel="Set the password" {...props}>
      <p>You were invited. Set a password of your own.</p>
      <NewPasswordField label="New password" autoFocus />
    </Form>
  );
}
