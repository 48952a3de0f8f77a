import { useState } from "react";

import { deletePicture, getPictureUrl, PICTURE_TYPES, setPicture, type Profile, type VersionedProfile } from "../api";
import { Alert } from "../components/Alert";
import { ConfirmDialog } from "../components/Dialog";
import { useInitialRequest, useRequest } from "../session";
import { PICTURE_LIMITS, withPlainErrors } from "./uploadErrors";

interface PictureSectionProps {
  profile: Profile;
  onChange: (versioned: VersionedProfile) => void;
}

export function PictureSection({ profile, onChange }: PictureSectionProps) {
  const { run, isBusy, failure } = useRequest();
  const [isDeleting, setDeleting] = useState(false);
  const { picture } = profile;

  const upload = async (file: File) =>
    onChange(await withPlainErrors(file, PICTURE_LIMITS, () => setPicture(file)));

  return (
    <section className="card" aria-labelledby="picture" aria-busy={isBusy}>
      <h2 id="picture" tabIndex={-1}>
        Picture
      </h2>
      <Alert failure={failure} />
      <div className="picture">
        {picture ? <Picture key={picture.updated_at} /> : <div className="placeholder">No picture</div>}
        <div className="actions">
          <label className="button">
            {picture ? "Replace the picture" : "Upload a picture"}
            <input
              type="file"
              accept={PICTURE_TYPES.join()}
              aria-disabled={isBusy}
              onChange={({ target }) => {
                const file = target.files?.[0];
                target.value = ""; // the same file can be chosen again
                if (file) void run(() => upload(file));
              }}
            />
          </label>
          {picture && (
            <button type="button" className="secondary" aria-disabled={isBusy} onClick={() => setDeleting(true)}>
              Delete the picture
            </button>
          )}
        </div>
      </div>
      <p className="hint">JPEG, PNG or WebP, at most 5 MB.</p>
      <p role="status">{isBusy && "In progress…"}</p>
      {isDeleting && (
        <ConfirmDialog
          title="Delete the picture?"
          confirmLabel="Delete"
          onClose={() => setDeleting(false)}
          onConfirm={() =>
            void run(async () => {
              onChange(await deletePicture());
              document.getElementById("picture")?.focus(); // the button is removed
            })
          }
        >
          <p>It cannot be restored.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

/** The picture of the user. Its URL is valid for five minutes. */
function Picture() {
  const [url, setUrl] = useState("");
  const { failure } = useInitialRequest(async () => setUrl(await getPictureUrl()));
  if (failure) return <Alert failure={failure} />;
  return url ? (
    <img src={url} alt="Your picture" width={160} height={160} />
  ) : (
    <div className="placeholder">Loading…</div>
  );
}
