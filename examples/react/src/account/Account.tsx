import { useContext, useState } from "react";

import {
  getDeletion,
  getProfile,
  isProblem,
  listFiles,
  type Deletion,
  type FilePage,
  type VersionedProfile,
} from "../api";
import { Alert } from "../components/Alert";
import { Heading } from "../components/Heading";
import { SessionContext, useInitialRequest } from "../session";
import { DataSection } from "./DataSection";
import { DeletionNotice } from "./DeletionNotice";
import { FilesSection } from "./FilesSection";
import { PictureSection } from "./PictureSection";
import { ProfileSection } from "./ProfileSection";

const MISSING_ACCOUNT = { message: "Your account was not found. It was deleted or disabled.", fields: {} };

/** The page of a signed-in user. */
export function Account() {
  const session = useContext(SessionContext);
  const [versioned, setVersioned] = useState<VersionedProfile | null>(null);
  const [deletion, setDeletion] = useState<Deletion | null>(null);
  const [files, setFiles] = useState<FilePage | null>(null);

  const { failure, repeat } = useInitialRequest(async () => {
    // The first request creates a missing profile, so it is not sent together with the others.
    const loaded = await getProfile();
    const [scheduled, page] = await Promise.all([getDeletion(), listFilesIfEnabled()]);
    setDeletion(scheduled);
    setFiles(page);
    setVersioned(loaded);
  });

  const isMissing = failure?.slug === "not-found";

  return (
    <>
      <header>
        <p className="brand">HealthTech</p>
        {!isMissing && (
          <button type="button" className="secondary" onClick={() => session.end()}>
            Sign out
          </button>
        )}
      </header>
      <main>
        <Heading>Your account</Heading>
        <Alert failure={isMissing ? MISSING_ACCOUNT : failure} />
        {failure && (
          <div className="actions">
            {isMissing && (
              <button type="button" onClick={() => session.end()}>
                Sign out
              </button>
            )}
            <button type="button" className={isMissing ? "secondary" : undefined} onClick={repeat}>
              Try again
            </button>
          </div>
        )}
        {!versioned && !failure && <p role="status">Loading…</p>}
        {versioned && (
          <>
            {deletion && <DeletionNotice deletion={deletion} onCancelled={() => setDeletion(null)} />}
            <ProfileSection versioned={versioned} onChange={setVersioned} />
            {files && <PictureSection profile={versioned.profile} onChange={setVersioned} />}
            {files && <FilesSection page={files} onChange={setFiles} />}
            <DataSection onDeletionScheduled={setDeletion} />
          </>
        )}
      </main>
    </>
  );
}

/** Return the first page of files, or null if the stage has no bucket. */
async function listFilesIfEnabled(): Promise<FilePage | null> {
  try {
    return await listFiles();
  } catch (error) {
    if (isProblem(error, "files-not-enabled")) return null;
    throw error;
  }
}
