import { AuthError, resendSignUpCode, signUp } from "aws-amplify/auth";
import { useState } from "react";

import { BLOOD_GROUPS, GENDERS } from "../api";
import { Alert, FocusedAlert } from "../components/Alert";
import { Field, Form, getText, SelectField } from "../components/Form";
import { toOptions } from "../format";
import { useRequest } from "../session";

interface SignUpFormProps {
  onCodeSent: (email: string, destination?: string) => void;
  onForgotPassword: (email: string) => void;
}

export function SignUpForm({ onCodeSent, onForgotPassword }: SignUpFormProps) {
  const [existingEmail, setExistingEmail] = useState("");

  async function submit(data: FormData) {
    const email = getText(data, "email");
    setExistingEmail("");
    try {
      const { nextStep } = await signUp({
        username: email,
        password: data.get("password") as string,
        options: {
          userAttributes: {
            email,
            name: getText(data, "name"),
            phone_number: getText(data, "phone_number").replace(/[\s()-]/g, ""),
            "custom:dob": getText(data, "dob"),
            "custom:gender": getText(data, "gender"),
            "custom:blood_group": getText(data, "blood_group"),
          },
        },
      });
      onCodeSent(
        email,
        nextStep.signUpStep === "CONFIRM_SIGN_UP" ? nextStep.codeDeliveryDetails.destination : undefined,
      );
    } catch (error) {
      if (!(error instanceof AuthError) || error.name !== "UsernameExistsException") throw error;
      setExistingEmail(email);
    }
  }

  return (
    <>
      {existingEmail && (
        <ExistingAccount email={existingEmail} onCodeSent={onCodeSent} onForgotPassword={onForgotPassword} />
      )}
      <Form submitLabel="Create account" onSubmit={submit}>
        <Field label="Email" name="email" type="email" autoComplete="username" required />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters, with an upper-case letter, a lower-case letter, a digit and a symbol."
          required
        />
        <Field label="Name" name="name" autoComplete="name" dir="auto" required />
        <Field
          label="Phone number"
          name="phone_number"
          type="tel"
          autoComplete="tel"
          hint="With the country code, such as +880 1712 345678."
          required
        />
        <Field label="Date of birth" name="dob" type="date" autoComplete="bday" required />
        <SelectField label="Gender" name="gender" options={toOptions(GENDERS)} emptyOption="Select" required />
        <SelectField
          label="Blood group"
          name="blood_group"
          options={toOptions(BLOOD_GROUPS)}
          emptyOption="Select"
          required
        />
      </Form>
    </>
  );
}

/** Offers both options of a user whose email address has an account. Cognito does not reveal whether it is confirmed. */
function ExistingAccount({ email, onCodeSent, onForgotPassword }: SignUpFormProps & { email: string }) {
  const { run, isBusy, failure } = useRequest();
  return (
    <FocusedAlert>
      <p>
        This email address has an account already. If it is not confirmed, request a new code. If you do not know the
        password, set a new one.
      </p>
      <div className="actions">
        <button
          type="button"
          className="secondary"
          aria-disabled={isBusy}
          onClick={() =>
            run(async () => {
              const { destination } = await resendSignUpCode({ username: email });
              onCodeSent(email, destination);
            })
          }
        >
          Send a new code
        </button>
        <button type="button" className="secondary" onClick={() => onForgotPassword(email)}>
          Set a new password
        </button>
      </div>
      <Alert failure={failure} />
    </FocusedAlert>
  );
}
