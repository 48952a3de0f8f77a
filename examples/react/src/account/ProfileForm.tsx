import { BLOOD_GROUPS, GENDERS, type Profile } from "../api";
import { Field, Form, SelectField } from "../components/Form";
import { toOptions } from "../format";
import type { useProfileEdits } from "./profileEdits";

/** The contact data of the profile. They can be changed in Cognito only. */
export function ContactData({ profile }: { profile: Profile }) {
  return (
    <dl>
      <dt>Email</dt>
      <dd>
        <bdi>{profile.email ?? "not stated"}</bdi>
      </dd>
      <dt>Phone number</dt>
      <dd>
        <bdi>{profile.phone_number ?? "not stated"}</bdi>
      </dd>
    </dl>
  );
}

interface ProfileFormProps {
  edits: ReturnType<typeof useProfileEdits>;
  onSave: () => Promise<void>;
  onDiscard: () => void;
}

/** The editable fields of the profile. */
export function ProfileForm({ edits: { hasEdits, getFieldProps }, onSave, onDiscard }: ProfileFormProps) {
  const discardButton = hasEdits && (
    <button type="button" className="secondary" onClick={onDiscard}>
      Discard changes
    </button>
  );
  return (
    <Form submitLabel="Save" onSubmit={onSave} actions={discardButton}>
      <Field label="Name" autoComplete="name" dir="auto" required {...getFieldProps("name")} />
      <div className="columns">
        <Field label="Date of birth" type="date" autoComplete="bday" {...getFieldProps("dob")} />
        <SelectField label="Gender" options={toOptions(GENDERS)} emptyOption="Not stated" {...getFieldProps("gender")} />
        <SelectField
          label="Blood group"
          options={toOptions(BLOOD_GROUPS)}
          emptyOption="Not stated"
          {...getFieldProps("blood_group")}
        />
      </div>
    </Form>
  );
}
