// What a front end does with the API, as the types made from the document allow it.
import createClient from "openapi-fetch";
import type { components, paths } from "./enrolment";

type Problem = components["schemas"]["Problem"];

const api = createClient<paths>({
  baseUrl: "http://127.0.0.1:8001",
  headers: { Authorization: "Bearer token" },
});

const person: components["schemas"]["EnrolmentRequest"] = {
  name: "आयशा बेगम",
  phone: "+919876543210",
  segment: "S11-AC019",
  basis: "beneficiary",
  schemes: ["PMAY-G"],
  adult: true,
  party_member: false,
  consent: { given: true, notice_version: "2026-11", language: "hi" },
};

function tell(problem: Problem): string[] {
  return (problem.errors ?? []).map((error) => `${error.field}: ${error.message} (${error.expected})`);
}

export async function enrol(): Promise<string | string[]> {
  const { data, error } = await api.POST("/v1/enrolments", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: person,
  });
  if (error) return tell(error);
  const position: number = data.position;
  return `${data.mitra_id} at ${data.partition}, ${data.epoch}-${position}`;
}

export async function enrolAll(): Promise<number> {
  const { data } = await api.POST("/v1/enrolments/batch", {
    body: { enrolments: [{ idempotency_key: crypto.randomUUID(), enrolment: person }] },
  });
  return data?.outcomes.filter((outcome) => outcome.status === 201).length ?? 0;
}

export async function withdraw(mitraId: string): Promise<string | undefined> {
  const { data: mitra } = await api.GET("/v1/mitras/{mitra_id}", { params: { path: { mitra_id: mitraId } } });
  if (mitra?.state === "withdrawn") return mitra.withdrawn_at ?? undefined;
  const { data } = await api.POST("/v1/mitras/{mitra_id}/withdrawal", { params: { path: { mitra_id: mitraId } } });
  return data?.withdrawn_at;
}

export async function answer(): Promise<boolean> {
  const { data } = await api.POST("/v1/opinions", {
    body: {
      submission_id: crypto.randomUUID(),
      round: "round-1",
      segment: "S11-AC019",
      answers: { "scheme-useful": "housing", "local-issues": ["water"], "office-help": 4 },
    },
  });
  return data?.received ?? false;
}

export async function questions(): Promise<string[]> {
  const { data } = await api.GET("/v1/campaigns/{campaign_id}", { params: { path: { campaign_id: "modi-mitra" } } });
  return (data?.rounds ?? []).flatMap((round) => round.questions.map((question) => question.text.en));
}
