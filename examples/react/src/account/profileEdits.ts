// The entries of the profile form.
import { useState } from "react";

import type { EditableFields, Profile } from "../api";

type FieldName = keyof EditableFields;
type Edits = Partial<Record<FieldName, Edit>>;

/** The value that the user has entered, and the stored value at that time. */
interface Edit {
  value: string;
  stored: string;
}

/**
 * Return the entries of the form. Only the entered values are stored here; all others come from the profile.
 * So a newer profile can be loaded at any time, and no entry is lost.
 */
export function useProfileEdits(profile: Profile) {
  const [edits, setEdits] = useState<Edits>({});

  const getStored = (name: FieldName) => profile[name] ?? "";
  const getValue = (name: FieldName) => edits[name]?.value ?? getStored(name);

  /** Return the attributes of a field that edits the profile. */
  function getFieldProps(name: FieldName) {
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

  /** Return the profile with the entries. An empty value is null, except for the name. */
  function getFields() {
    return {
      name: getValue("name"),
      dob: getValue("dob") || null,
      gender: getValue("gender") || null,
      blood_group: getValue("blood_group") || null,
    } as EditableFields;
  }

  return {
    hasEdits: Object.keys(edits).length > 0,
    getFieldProps,
    getFields,
    discard: () => setEdits({}),
    /** Remove the entries that were sent. Entries of a later time remain. */
    removeSaved: () => setEdits((current) => omitSaved(current, edits)),
  };
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
