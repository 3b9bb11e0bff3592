import { useClient } from "@chairtime/client/react";
import { useMutation } from "@tanstack/react-query";
import { useFamily } from "./useFamily";

const PATH = "/api/profiles/me/patients/{patient_id}" as const;

/** Adds, renames and removes linked patients. */
export function useFamilyChanges() {
  const { api } = useClient();
  const { data: before, refetch } = useFamily();
  const reload = () => refetch();
  const add = useMutation({
    /** The id of the new one. */
    mutationFn: async (name: string) => {
      const known = new Set(before?.map(({ id }) => id));
      const { data } = await api.POST("/api/profiles/me/patients", { body: { full_name: name } });
      return data?.find(({ id }) => !known.has(id))?.id ?? null;
    },
    onSettled: reload,
  });
  const rename = useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      api.PUT(PATH, { params: { path: { patient_id: id } }, body: { full_name: name } }),
    onSettled: reload,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.DELETE(PATH, { params: { path: { patient_id: id } } }),
    onSettled: reload,
  });
  return { add, rename, remove };
}
