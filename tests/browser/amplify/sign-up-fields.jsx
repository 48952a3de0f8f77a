// The default fields of the Authenticator and the three custom attributes.
import { Authenticator, SelectField, TextField } from "@aws-amplify/ui-react";

const GENDERS = ["Male", "Female", "Other", "Unknown"];
const BLOOD_GROUPS = ["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"];

export const SignUpFields = () => (
  <>
    <Authenticator.SignUp.FormFields />
    <TextField label="Date of birth" name="custom:dob" type="date" isRequired />
    <SelectField label="Gender" name="custom:gender" options={GENDERS} isRequired />
    <SelectField label="Blood group" name="custom:blood_group" options={BLOOD_GROUPS} isRequired />
  </>
);
