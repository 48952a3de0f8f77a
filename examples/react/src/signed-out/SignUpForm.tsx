import { AuthError, resendSignUpCode, signUp } from "aws-amplify/auth";
import { useState } from "react";

import { BLOOD_GROUPS, GENDERS } from "../api";
import { Alert, FocusedAlert } from "../components/Alert";
import { Field, Form, getText, SelectField } from "../components/Form";
import { toOptions } from "../format";
import { useRequest } from "../session";
import { NewPasswordField } from "./NewPasswordField";

interface ExistingAccountProps {
  onCodeSent: (email: string, destination?: string) => void;
  onForgotPassword: (email: string) => void;
}

interface SignUpFormProps extends ExistingAccountProps {
  /** The values by field, except for the password. They remain while another screen is shown. */
  entries: Record<string, string>;
  onEntry: (entries: Record<string, string>) => void;
}

export function SignUpForm({ entries, onEntry, onCodeSent, onForgotPassword }: SignUpFormProps) {
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

  const getFieldProps = (name: string) => ({
    name,
    value: entries[name] ?? "",
    onChange: (event: { target: { value: string } }) => onEntry({ ...entries, [name]: event.target.value }),
    required: true,
  });
  return (
    <>
      {existingEmail && (
        <ExistingAccount email={existingEmail} onCodeSent={onCodeSent} onForgotPassword={onForgotPassword} />
      )}
      <Form submitLabel="Create account" onSubmit={submit}>
        <Field label="Email" type="email" autoComplete="username" {...getFieldProps("email")} />
        <NewPasswordField label="Password" />
        <Field label="Name" autoComplete="name" dir="auto" {...getFieldProps("name")} />
        <Field
          label="Phone number"
          type="tel"
          autoComplete="tel"
          hint="With the country code, such as +880 1712 345678."
          {...getFieldProps("phone_number")}
        />
        <Field label="Date of birth" type="date" autoComplete="bday" {...getFieldProps("dob")} />
        <SelectField label="Gender" options={toOptions(GENDERS)} emptyOption="Select" {...getFieldProps("gender")} />
        <SelectField
          label="Blood group"
          options={toOptions(BLOOD_GROUPS)}
          emptyOption="Select"
          {...getFieldProps("blood_group")}
        />
      </Form>
    </>
  );
}

/** Offers both options of a user whose email address has an account. Cognito does not reveal whether it is confirmed. */
function ExistingAccount({ email, onCodeSent, onForgotPassword }: ExistingAccountProps & { email: string }) {
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
