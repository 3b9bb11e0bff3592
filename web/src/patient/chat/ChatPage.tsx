import { Badge, Button, Container, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isLanguage } from "../../app/i18n";
import { Countdown } from "../../shared/Countdown";
import classes from "./Chat.module.css";
import { useChat } from "./useChat";

/** The scripted demo bot: it finds, holds and books over the public API for chatbots. */
export default function ChatPage() {
  const { t, i18n } = useTranslation("patient");
  const chat = useChat(isLanguage(i18n.language) ? i18n.language : "en");
  const [text, setText] = useState("");
  const end = useRef<HTMLDivElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line is scrolled to
  useEffect(() => {
    void end.current?.scrollIntoView({ block: "nearest" });
  }, [chat.lines]);

  function send(event: FormEvent) {
    event.preventDefault();
    const said = text.trim();
    if (!said || chat.isBusy || !chat.isReady) return;
    setText("");
    void chat.hear(said);
  }

  return (
    <Container size="sm" py="md">
      <Stack>
        <Group justify="space-between">
          <Title order={1} size="h2">
            {t("chat.title")}
          </Title>
          <Badge variant="outline" color="gray" tt="none">
            {t("chat.label")}
          </Badge>
        </Group>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: by keyboard it is scrolled */}
        <div role="log" aria-label={t("chat.title")} className={classes.log} tabIndex={0}>
          {chat.lines.map((line) => (
            <p key={line.id} className={classes.line} data-from={line.from}>
              <span className="visually-hidden">{t(`chat.${line.from}`)}: </span>
              {line.text}
            </p>
          ))}
          <div ref={end} />
        </div>
        {chat.hold && (
          <Group gap="xs" data-held={chat.hold.booking_id}>
            <Text>{t("chat.held")}</Text>
            <Text fw={600}>
              <Countdown until={chat.hold.expires_at} />
            </Text>
          </Group>
        )}
        {chat.needsSignIn && (
          <Group>
            <Button component={Link} to="/sign-in?next=/chat">
              {t("book.sign_in")}
            </Button>
          </Group>
        )}
        <form onSubmit={send} className={classes.form}>
          <TextInput
            flex={1}
            label={t("chat.say")}
            maxLength={300}
            autoComplete="off"
            disabled={chat.isOver}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit" disabled={!chat.isReady || chat.isOver || chat.isBusy}>
            {t("chat.send")}
          </Button>
        </form>
      </Stack>
    </Container>
  );
}
