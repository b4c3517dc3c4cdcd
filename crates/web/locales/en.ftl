code-sent = A one-time code has been sent
code-wrong = The code is not correct

too-many = Too many requests for this number. Try again in { $seconds } seconds.
user-inactive = This account is disabled. Contact support.
region-not-served = Codes cannot be sent to numbers of this country ({ $region }).
number-unreachable = This number cannot receive text messages. Use another one.
cannot-send = The code cannot be sent right now. Try again in a moment.
unavailable = The service is temporarily unavailable. Try again in a moment.
internal = Something went wrong on our side. Give the request id to support.
channel-not-offered = Codes cannot be sent this way.
challenge-ended = This code can no longer be used. Ask for a new one.
messages-spent = This code was sent as often as possible. Ask for a new one.
