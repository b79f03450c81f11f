// Two phones for browsers behind one set of words, so that a test drives either library in the same way.
//
//   await Phones.start("jssip" | "sipjs", {url, domain, user, password})     -> window.phone
//   phone.events          what has happened, in order: {what, at, …}; `at` is performance.now()
//   phone.call(number), answer(), hangUp(), hold(), resume(), press(keys), restartIce()
//   phone.call(number, true), answer(true)   the same with the camera; phone.addCamera() during a call
//   phone.streams()       which streams the two sides have agreed on
//   phone.sound()         what the page hears: strongest frequency, level, getStats() of what comes in
import JsSIP from "jssip";
import * as SIP from "sip.js";

class Phone {
  constructor(options) {
    this.options = options;
    this.events = [];
    this.ears = null;
  }

  say(what, more = {}) {
    this.events.push({ what, at: performance.now(), ...more });
  }

  // Hear what comes: by an <audio> element, and by an analyser for the tests.
  listen(connection) {
    this.connection = connection;
    connection.addEventListener("track", (event) => this.hear(event.streams[0] || new MediaStream([event.track])));
    connection.addEventListener("iceconnectionstatechange", () =>
      this.say("ice", { state: connection.iceConnectionState }));
    connection.addEventListener("connectionstatechange", () =>
      this.say("connection", { state: connection.connectionState }));
  }

  hear(stream) {
    const audio = document.querySelector("audio") || document.body.appendChild(document.createElement("audio"));
    audio.autoplay = true;
    audio.srcObject = stream;
    const context = this.context || (this.context = new AudioContext());
    const analyser = context.createAnalyser();
    analyser.fftSize = 16384;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(analyser);
    this.ears = analyser;
    this.watchForSound(analyser);
  }

  // The moment of the first sound that is loud enough to be one.
  watchForSound(analyser) {
    const samples = new Float32Array(256);
    const look = () => {
      if (this.ears !== analyser) return;
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => Math.abs(sample) > 0.02)) this.say("heard");
      else setTimeout(look, 5);
    };
    look();
  }

  // The streams of both descriptions in their order, [kind, port], and the bundle of the other side's.
  streams() {
    const { localDescription, remoteDescription } = this.connection;
    const read = ({ sdp }) => [...sdp.matchAll(/^m=(\w+) (\d+)/gm)].map(([, kind, port]) => [kind, Number(port)]);
    const [, bundle] = /^a=group:BUNDLE (.*?)\r?$/m.exec(remoteDescription.sdp) || [];
    const flowing = this.connection.getTransceivers().filter((each) => each.currentDirection);
    return {
      ours: read(localDescription),
      theirs: read(remoteDescription),
      bundle,
      flowing: flowing.map((each) => [each.receiver.track.kind, each.currentDirection, each.mid]),
    };
  }

  async sound() {
    const result = { frequency: 0, level: -200, energy: 0, packets: 0, lost: 0, sent: 0 };
    if (this.ears) {
      const bins = new Float32Array(this.ears.frequencyBinCount);
      this.ears.getFloatFrequencyData(bins);
      let best = 0;
      for (let place = 1; place < bins.length; place++) if (bins[place] > bins[best]) best = place;
      result.frequency = (best * this.context.sampleRate) / this.ears.fftSize;
      result.level = bins[best];
    }
    for (const each of (await this.connection.getStats()).values()) {
      if (each.type === "inbound-rtp" && each.kind === "audio") {
        result.energy = each.totalAudioEnergy || 0;
        result.packets = each.packetsReceived;
        result.lost = each.packetsLost;
      }
      if (each.type === "outbound-rtp" && each.kind === "audio") result.sent = each.packetsSent;
      if (each.type === "codec") (result.codecs ||= []).push(each.mimeType);
      if (each.type === "transport") {
        result.dtls = each.dtlsState;
        result.srtp = each.srtpCipher;
      }
    }
    return result;
  }
}

class JsSipPhone extends Phone {
  async start() {
    const { url, domain, user, password } = this.options;
    const agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(url)],
      uri: `sip:${user}@${domain}`,
      password,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
      ...(this.options.more || {}),
    });
    for (const what of ["connected", "disconnected", "registered", "unregistered"])
      agent.on(what, () => this.say(what));
    agent.on("registrationFailed", (event) => this.say("registrationFailed", { cause: event.cause }));
    agent.on("newRTCSession", ({ session, originator }) => {
      if (originator === "remote") this.take(session);
    });
    this.agent = agent;
    agent.start();
  }

  take(session, { incoming = true } = {}) {
    this.session = session;
    for (const what of ["progress", "accepted", "confirmed", "hold", "unhold"])
      session.on(what, (event) => this.say(what, { by: event.originator }));
    session.on("failed", (event) => this.say("failed", { cause: event.cause }));
    session.on("ended", (event) => this.say("ended", { cause: event.cause, by: event.originator }));
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
    session.on("newDTMF", ({ originator, dtmf }) => this.say("key", { by: originator, key: dtmf.tone }));
    if (incoming) this.say("rings", { from: session.remote_identity.uri.user });
  }

  call(number, video = false) {
    const session = this.agent.call(`sip:${number}@${this.options.domain}`, {
      mediaConstraints: { audio: true, video },
      pcConfig: { iceServers: [] },
    });
    // The connection of a call of our own is made before anybody can listen to the event.
    this.take(session, { incoming: false });
    if (session.connection) this.listen(session.connection);
  }

  answer(video = false) {
    this.session.answer({ mediaConstraints: { audio: true, video }, pcConfig: { iceServers: [] } });
  }

  hangUp() { this.session.terminate(); }
  hold() { return new Promise((done) => this.session.hold({}, done)); }
  resume() { this.session.unhold(); }
  press(keys, way = "RFC2833") { this.session.sendDTMF(keys, { transportType: way }); }
  restartIce() {
    return new Promise((done) => this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, done));
  }

  async addCamera() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    this.connection.addTrack(stream.getVideoTracks()[0], stream);
    this.session.renegotiate({}, () => this.say("renegotiated"));
  }

  async stop() { this.agent.stop(); }
}

class SipJsPhone extends Phone {
  async start() {
    const { url, domain, user, password } = this.options;
    const agent = new SIP.UserAgent({
      uri: SIP.UserAgent.makeURI(`sip:${user}@${domain}`),
      transportOptions: { server: url },
      authorizationUsername: user,
      authorizationPassword: password,
      logBuiltinEnabled: false,
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
      delegate: {
        onInvite: (invitation) => {
          this.take(invitation);
          this.say("rings", { from: invitation.remoteIdentity.uri.user });
        },
        onConnect: () => this.say("connected"),
        onDisconnect: (error) => {
          this.say("disconnected");
          if (error) this.comeBack();
        },
      },
      ...(this.options.more || {}),
    });
    this.agent = agent;
    this.registerer = new SIP.Registerer(agent, { expires: 600, regId: 1 });
    this.registerer.stateChange.addListener((state) => {
      if (state === SIP.RegistererState.Registered) this.say("registered");
      if (state === SIP.RegistererState.Unregistered) this.say("unregistered");
    });
    await agent.start();
    this.register();
  }

  register() {
    return this.registerer.register({
      requestDelegate: {
        onAccept: () => this.say("bound"),
        onReject: (response) => this.say("registrationFailed", { cause: response.message.statusCode }),
      },
    });
  }

  // SIP.js leaves coming back to the page.
  async comeBack() {
    for (;;) {
      await new Promise((done) => setTimeout(done, 500));
      try {
        await this.agent.reconnect();
        await this.register();
        return;
      } catch { /* not yet */ }
    }
  }

  take(session) {
    this.session = session;
    session.delegate = { onSessionDescriptionHandler: (handler) => this.listen(handler.peerConnection) };
    session.stateChange.addListener((state) => {
      if (state === SIP.SessionState.Established) this.say("confirmed");
      if (state === SIP.SessionState.Terminated) this.say("ended");
    });
  }

  call(number, video = false) {
    const inviter = new SIP.Inviter(this.agent, SIP.UserAgent.makeURI(`sip:${number}@${this.options.domain}`), {
      sessionDescriptionHandlerOptions: { constraints: { audio: true, video } },
    });
    this.take(inviter);
    return inviter.invite({
      requestDelegate: {
        onProgress: () => this.say("progress"),
        onAccept: () => this.say("accepted"),
        onReject: (response) => this.say("failed", { cause: response.message.statusCode }),
      },
    });
  }

  answer(video = false) {
    this.say("accepted");
    return this.session.accept({
      sessionDescriptionHandlerOptions: { constraints: { audio: true, video } },
    });
  }

  hangUp() {
    switch (this.session.state) {
      case SIP.SessionState.Established: return this.session.bye();
      case SIP.SessionState.Establishing:
      case SIP.SessionState.Initial:
        return this.session.cancel ? this.session.cancel() : this.session.reject();
    }
  }

  // SIP.js says hold, and leaves silence to the page.
  async hold() {
    await this.reinvite({ hold: true }, "hold");
    this.mute(true);
  }
  async resume() {
    await this.reinvite({ hold: false }, "unhold");
    this.mute(false);
  }
  mute(muted) {
    for (const sender of this.connection.getSenders()) if (sender.track) sender.track.enabled = !muted;
  }
  restartIce() { return this.reinvite({ iceRestart: true, offerOptions: { iceRestart: true } }, "restarted"); }

  addCamera() { return this.reinvite({ constraints: { audio: true, video: true } }, "renegotiated"); }

  reinvite(options, what) {
    return this.session.invite({
      sessionDescriptionHandlerOptions: options,
      requestDelegate: {
        onAccept: () => this.say(what),
        onReject: (response) => this.say("refused", { cause: response.message.statusCode }),
      },
    });
  }

  press(keys) { return this.session.sessionDescriptionHandler.sendDtmf(keys); }
  async stop() { await this.agent.stop(); }
}

export async function start(library, options) {
  window.phone = library === "jssip" ? new JsSipPhone(options) : new SipJsPhone(options);
  await window.phone.start();
}
