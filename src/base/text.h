#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies LENGTH bytes of SOURCE, which may come from anywhere, to TARGET (SIZE bytes, always
 * terminated) in a form that is fit for a terminal, the journal and JSON: valid UTF-8 stays;
 * control characters (C0, DEL, C1), the bidirectional and line-separator characters and broken
 * sequences become '?', line breaks and tabs a space. What does not fit is cut at a character.
 */
void text_sanitise(char *target, size_t size, const char *source, size_t length);

/* Copies SOURCE to TARGET (SIZE bytes, always terminated); what does not fit is left out. */
void text_copy(char *target, size_t size, const char *source);

/* True when LENGTH bytes of TEXT are what text_sanitise would leave alone (tabs and breaks no). */
bool text_is_clean(const char *text, size_t length);

/* How many characters TEXT begins with that stand for themselves in a URL (RFC 3986, 2.3). */
size_t text_unreserved_length(const char *text);

/* Lower-case hexadecimal; TARGET takes 2 * length + 1 bytes. */
void text_hex(char *target, const unsigned char *data, size_t length);
/* The reverse, exactly LENGTH bytes; false when TEXT is anything else. */
bool text_unhex(const char *text, unsigned char *data, size_t length);

/* A whole decimal number within [MINIMUM, MAXIMUM]; false for anything else. */
bool text_to_int64(const char *text, int64_t minimum, int64_t maximum, int64_t *value);

/*
 * A duration as people write it: "90s", "15m", "36h", "2d", "250ms", sums of these ("1h30m"), or a
 * bare number of seconds. In milliseconds; false when it is no duration or longer than 100 years.
 */
bool text_to_duration_ms(const char *text, int64_t *ms);
/* "250ms", "1m30s", "2d": what text_to_duration_ms reads. TARGET takes 48 bytes. */
void text_from_duration_ms(char *target, size_t size, int64_t ms);

/* A size in bytes: "65536", "64k", "8M", "1G" (powers of 1024). */
bool text_to_size(const char *text, uint64_t *size);

/* Of TEXT, which ends with a 0 behind LENGTH: nothing but blanks and line ends. */
bool text_is_blank(const char *text, size_t length);
/* Several lines, of which the first that is not blank is a JSON object by itself. */
bool text_is_lines(const char *text, size_t length);

#endif
