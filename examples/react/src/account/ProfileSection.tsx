import { useState } from "react";

import { getProfile, isProblem, replaceProfile, type VersionedProfile } from "../api";
import { FocusedAlert } from "../components/Alert";
import { useProfileEdits } from "./profileEdits";
import { ContactData, ProfileForm } from "./ProfileForm";

interface ProfileSectionProps {
  versioned: VersionedProfile;
  onChange: (versioned: VersionedProfile) => void;
}

/** The contact data, and the form of the profile. If the profile was changed elsewhere, the new version can be loaded. */
export function ProfileSection({ versioned: { profile, etag }, onChange }: ProfileSectionProps) {
  const edits = useProfileEdits(profile);
  const [newer, setNewer] = useState<VersionedProfile | null>(null);
  const [notice, setNotice] = useState("");
  const [discards, setDiscards] = useState(0);

  async function save() {
    setNotice("");
    try {
      onChange(await replaceProfile(edits.getFields(), etag));
      edits.removeSaved();
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

  function discard() {
    edits.discard();
    if (newer) onChange(newer);
    setNewer(null);
    setNotice("");
    setDiscards(discards + 1);
    document.getElementById("profile")?.focus(); // the button is removed
  }

  return (
    <section className="card" aria-labelledby="profile">
      <h2 id="profile" tabIndex={-1}>
        Profile
      </h2>
      <ContactData profile={profile} />
      {newer && <ConflictAlert onLoad={() => loadNewer(newer)} />}
      <p role="status">{notice}</p>
      {/* The key removes the errors of discarded entries. */}
      <ProfileForm key={discards} edits={edits} onSave={save} onDiscard={discard} />
    </section>
  );
}

function ConflictAlert({ onLoad }: { onLoad: () => void }) {
  return (
    <FocusedAlert>
      <p>Your profile was changed elsewhere, so your changes are not saved. Load the new version to continue.</p>
      <p>Your entries remain in the form.</p>
      <div className="actions">
        <button type="button" className="secondary" onClick={onLoad}>
          Load the new version
        </button>
      </div>
    </FocusedAlert>
  );
}
