import { type components, newKey, type Profile } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";

export interface PatientChoice {
  chosen: Profile | null;
  choose: (profile: Profile | null) => void;
  /** The name and phone of somebody new; null while an existing patient is searched. */
  draft: { name: string; phone: string } | null;
  setDraft: (draft: { name: string; phone: string } | null) => void;
  /** The id of the chosen patient, or of the new one, who is made now; null if neither. */
  ensure: () => Promise<string | null>;
  missing: boolean;
  error: unknown;
  isPending: boolean;
}

/** The patient of a new booking: one who is known, or one who is made with it. */
export function useNewPatient(): PatientChoice {
  const { api } = useClient();
  const [chosen, choose] = useState<Profile | null>(null);
  const [draft, setDraft] = useState<{ name: string; phone: string } | null>(null);
  const [missing, setMissing] = useState(false);
  const key = useRef(newKey());
  const making = useMutation({
    networkMode: "always",
    mutationFn: async ({ name, phone }: { name: string; phone: string }) => {
      const { data } = await api.POST("/api/profiles", {
        params: { header: { "Idempotency-Key": key.current } },
        body: newPatient(name, phone),
      });
      return data ?? null;
    },
  });

  async function ensure(): Promise<string | null> {
    if (chosen) return chosen.id;
    const name = draft?.name.trim() ?? "";
    setMissing(name === "");
    if (name === "") return null;
    try {
      const made = await making.mutateAsync({ name, phone: draft?.phone.trim() ?? "" });
      if (made) choose(made);
      return made?.id ?? null;
    } catch {
      key.current = newKey();
      return null;
    }
  }

  return {
    chosen,
    choose: (profile) => {
      setMissing(false);
      choose(profile);
    },
    draft,
    setDraft,
    ensure,
    missing,
    error: making.error,
    isPending: making.isPending,
  };
}

/** The generated type asks for fields that have a default, and that only dentists have. */
function newPatient(name: string, phone: string): components["schemas"]["NewProfile"] {
  const body = { full_name: name, role: "patient", ...(phone ? { phone } : {}) };
  return body as components["schemas"]["NewProfile"];
}
