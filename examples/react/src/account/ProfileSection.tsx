import { useState } from "react";

import {
  BLOOD_GROUPS,
  GENDERS,
  getProfile,
  isProblem,
  replaceProfile,
  type EditableFields,
  type VersionedProfile,
} from "../api";
import { FocusedAlert } from "../components/Alert";
import { Field, Form, SelectField } from "../components/Form";
import { toOptions } from "../format";

type FieldName = keyof EditableFields;
type Edits = Partial<Record<FieldName, Edit>>;

/** What the user has entered, and the stored value at that time. */
interface Edit {
  value: string;
  stored: string;
}

interface ProfileSectionProps {
  versioned: VersionedProfile;
  onChange: (versioned: VersionedProfile) => void;
}

/**
 * The form of the profile. Only the entered values are held here; all others come from the profile.
 * So a newer profile can be loaded at any time, and no entry is lost.
 */
export function ProfileSection({ versioned: { profile, etag }, onChange }: ProfileSectionProps) {
  const [edits, setEdits] = useState<Edits>({});
  const [newer, setNewer] = useState<VersionedProfile | null>(null);
  const [notice, setNotice] = useState("");

  const getStored = (name: FieldName) => profile[name] ?? "";
  const getValue = (name: FieldName) => edits[name]?.value ?? getStored(name);

  async function save() {
    setNotice("");
    const fields = {
      name: getValue("name"),
      dob: getValue("dob") || null,
      gender: getValue("gender") || null,
      blood_group: getValue("blood_group") || null,
    } as EditableFields;
    try {
      onChange(await replaceProfile(fields, etag));
      setEdits((current) => omitSaved(current, edits));
      setNewer(null);
      setNotice("Saved.");
    } catch (error) {
      if (!isProblem(error, "precondition-failed")) throw error;
      setNewer(await getProfile());
    }
  }

  function loadNewer(loaded: VersionedProfile) {
    onChange(loaded);
    setNewer(null);
    setNotice("The new version is loaded. Your entries are still here. Check them, then save.");
  }

  /** Return the attributes of a field that edits the profile. */
  function edit(name: FieldName) {
    const stored = getStored(name);
    const previous = edits[name];
    return {
      name,
      value: getValue(name),
      hint: previous && previous.stored !== stored ? `Changed elsewhere to: ${stored || "not stated"}` : undefined,
      onChange: (event: { target: { value: string } }) => {
        setEdits({ ...edits, [name]: { value: event.target.value, stored: previous?.stored ?? stored } });
      },
    };
  }

  const discardButton = Object.keys(edits).length > 0 && (
    <button
      type="button"
      className="secondary"
      onClick={() => {
        setEdits({});
        setNotice("");
      }}
    >
      Discard changes
    </button>
  );
  return (
    <section className="card" aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
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
      {newer && (
        <FocusedAlert>
          <p>Your profile was changed elsewhere, so your changes are not saved. Load the new version to continue.</p>
          <p>Your entries remain in the form.</p>
          <div className="actions">
            <button type="button" className="secondary" onClick={() => loadNewer(newer)}>
              Load the new version
            </button>
          </div>
        </FocusedAlert>
      )}
      <p role="status">{notice}</p>
      <Form submitLabel="Save" onSubmit={save} actions={discardButton}>
        <Field label="Name" autoComplete="name" dir="auto" required {...edit("name")} />
        <div className="columns">
          <Field label="Date of birth" type="date" autoComplete="bday" {...edit("dob")} />
          <SelectField label="Gender" options={toOptions(GENDERS)} emptyOption="Not stated" {...edit("gender")} />
          <SelectField
            label="Blood group"
            options={toOptions(BLOOD_GROUPS)}
            emptyOption="Not stated"
            {...edit("blood_group")}
          />
        </div>
      </Form>
    </section>
  );
}

/** Return the entries that the user has made since the form was sent. */
function omitSaved(edits: Edits, saved: Edits): Edits {
  const remaining: Edits = {};
  for (const name of Object.keys(edits) as FieldName[]) {
    const edit = edits[name];
    if (edit && edit !== saved[name]) remaining[name] = { ...edit, stored: saved[name]?.value ?? edit.stored };
  }
  return remaining;
}
